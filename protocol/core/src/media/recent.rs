//! Ids that come again and again.

/// The last id of its kind, kept so that the frames of one answer share it.
///
/// Hundreds of audio frames name the same item and the same response; only the first of them costs
/// an allocation.
///
/// ```
/// use antiphon_protocol::{ItemId, media::Recent};
///
/// let mut item: Recent<ItemId> = Recent::default();
/// assert_eq!(item.id("item_1").as_str(), "item_1");
/// assert_eq!(item.id("item_1").as_str(), "item_1");
/// assert_eq!(item.id("item_2").as_str(), "item_2");
/// ```
#[derive(Clone, Debug)]
pub struct Recent<Id>(Option<Id>);

impl<Id> Default for Recent<Id> {
    fn default() -> Self {
        Self(None)
    }
}

impl<Id: AsRef<str> + Clone + for<'a> From<&'a str>> Recent<Id> {
    /// The id spelled `text`: the one from the last time where it is the same.
    pub fn id(&mut self, text: &str) -> Id {
        match &self.0 {
            Some(id) if id.as_ref() == text => id.clone(),
            _ => self.0.insert(Id::from(text)).clone(),
        }
    }
}
