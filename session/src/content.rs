//! Everything that can be said beside speech, text and tools.

use antiphon_protocol::{
    Command, Content, Context, ContextKind, DelegationId, Item, ItemKind, Role, VideoFrame,
};
use bytes::Bytes;

use crate::{Delivery, Session, SessionError, engine::Verb, handle::delivered};

impl Session {
    /// Sends the user's audio that is already in base64, as telephony and browsers have it; else like
    /// [`Session::send_audio`].
    ///
    /// # Errors
    /// When the text is not base64 or not a whole number of samples (nothing of it is sent then), or
    /// the session is over.
    pub async fn send_audio_base64(&self, chunk: &str) -> Result<(), SessionError> {
        let data = base64_simd::STANDARD
            .decode_to_vec(chunk)
            .map_err(|_| SessionError::NotBase64)?;
        self.send_audio(data).await
    }

    /// Adds a still image of the user's to the conversation, with words to it if there are any. Asks
    /// for no response.
    ///
    /// # Errors
    /// See [`SessionError`]; unsupported on wires without images.
    pub async fn send_image(
        &self,
        mime: impl Into<String>,
        data: impl Into<Bytes>,
        words: Option<String>,
    ) -> Result<Delivery, SessionError> {
        let image = Content::Image {
            mime: mime.into(),
            data: data.into(),
        };
        let content = words.map(Content::Text).into_iter().chain([image]);
        let item = Item::new(ItemKind::Message {
            role: Role::User,
            content: content.collect(),
        });
        self.add_items(vec![item]).await
    }

    /// Shows the model what the user's camera or screen shows at this moment of the audio. Keeps its
    /// place among the audio that is sent.
    ///
    /// # Errors
    /// See [`SessionError`]; unsupported on wires without video.
    pub async fn send_video_frame(&self, frame: VideoFrame) -> Result<Delivery, SessionError> {
        self.say(Command::Video(frame)).await
    }

    /// Gives the model words that are not the user's: orders, knowledge, or something to say in its
    /// own words. Asks for no response.
    ///
    /// # Errors
    /// See [`SessionError`]; unsupported on wires without this kind.
    pub async fn add_context(
        &self,
        kind: ContextKind,
        text: impl Into<String>,
    ) -> Result<Delivery, SessionError> {
        let context = Context {
            kind,
            text: text.into(),
            delegation: None,
        };
        self.send_context(context).await
    }

    /// Gives the model words that are not the user's; they may answer a delegation.
    ///
    /// Planned rotations and updates wait for what was delegated as they do for calls, for at most two
    /// minutes: until commentary that names the delegation has left, or
    /// [`Session::release_delegation`].
    ///
    /// # Errors
    /// See [`SessionError`]; unsupported on wires without this kind.
    pub async fn send_context(&self, context: Context) -> Result<Delivery, SessionError> {
        self.say(Command::Context(context)).await
    }

    /// Says that nothing more will be said about a delegation, where it is not answered by commentary:
    /// rotations and updates need not wait for it. The provider is not told.
    ///
    /// # Errors
    /// When the session is over.
    pub async fn release_delegation(&self, id: DelegationId) -> Result<(), SessionError> {
        self.put(&self.shared.urgent, Verb::Release(id))
            .await
            .and_then(delivered)
            .map(|_| ())
    }

    /// The provider's id of the session on the live connection. It names that connection's session
    /// only: one that resumes may keep it, any other has one of its own, and each is told by an
    /// [`Event::SessionStarted`](antiphon_protocol::Event::SessionStarted).
    pub fn session_id(&self) -> Option<String> {
        self.shared.state.borrow().session_id.clone()
    }
}
