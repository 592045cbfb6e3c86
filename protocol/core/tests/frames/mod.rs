//! Frames for the scan: ordinary ones, ones put together from odd pieces, and damaged ones.

use std::mem;

use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose},
};
use proptest::{prelude::*, sample::Index};

use crate::wires::Wire;

/// Another crate's readers and writers of the four kinds of base64.
pub(crate) fn engines() -> [GeneralPurpose; 4] {
    let config = GeneralPurposeConfig::new();
    [
        general_purpose::STANDARD,
        general_purpose::STANDARD_NO_PAD,
        general_purpose::URL_SAFE,
        GeneralPurpose::new(
            &base64::alphabet::URL_SAFE,
            config
                .with_encode_padding(false)
                .with_decode_padding_mode(DecodePaddingMode::RequireNone),
        ),
    ]
}

fn payload() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<u8>(), 0..600).prop_flat_map(|audio| {
        prop::sample::select(engines().map(|engine| engine.encode(&audio)).to_vec())
    })
}

pub(crate) fn ordinary(wire: &'static Wire) -> BoxedStrategy<Vec<u8>> {
    payload()
        .prop_map(|audio| (wire.frame)(&audio).into_bytes())
        .boxed()
}

/// Frames put together from right, wrong and misleading members, in any order and any spacing.
pub(crate) fn odd(wire: &'static Wire) -> BoxedStrategy<Vec<u8>> {
    let right: &'static [&str] = match wire.name {
        "flat" => FLAT_MEMBERS,
        _ => BLOB_MEMBERS,
    };
    let right = prop::sample::subsequence(right, right.len() - 1..=right.len());
    let wrong = prop::collection::vec(prop::sample::select(ODD_MEMBERS), 0..3);
    let audio = prop_oneof![4 => payload(), 1 => "[A-D/+=_\\\\\"-]{0,12}"];
    let spaces = prop::collection::vec(
        prop::sample::select(&["", "", " ", "\n  ", "\r\n\t"][..]),
        8,
    );
    (right, wrong, audio, spaces, any::<u64>())
        .prop_map(|(right, wrong, audio, spaces, order)| {
            let mut members: Vec<String> = right
                .into_iter()
                .chain(wrong)
                .map(|member| member.replace('$', &audio))
                .collect();
            shuffle(&mut members, order);
            let mut gaps = spaces.iter().cycle();
            let mut gap = || gaps.next().copied().unwrap_or_default();
            let body: Vec<String> = members
                .iter()
                .map(|member| format!("{}{member}{}", gap(), gap()))
                .collect();
            let body = format!("{{{}}}", body.join(","));
            match wire.name {
                "flat" => body.into_bytes(),
                _ => format!(
                    "{}{{{}\"serverContent\"{}:{{\"model_turn\":{{\"parts\":[{}{{\"inlineData\":{body}}}{}]}}}}}}{}",
                    gap(), gap(), gap(), gap(), gap(), gap(),
                )
                .into_bytes(),
            }
        })
        .boxed()
}

const FLAT_MEMBERS: &[&str] = &[
    r#""type":"response.output_audio.delta""#,
    r#""response_id":"resp_1""#,
    r#""item_id":"item_1""#,
    r#""output_index":0"#,
    r#""content_index" : 7"#,
    r#""delta":"$""#,
    r#""event_id":"event_1""#,
];

const BLOB_MEMBERS: &[&str] = &[r#""mimeType":"audio/pcm;rate=24000""#, r#""data":"$""#];

const ODD_MEMBERS: &[&str] = &[
    r#""type":"response.audio.delta""#,
    r#""type":"response.done""#,
    r#""type":null"#,
    r#""t\u0079pe":"response.done""#,
    r#""delta":"AAAA""#,
    r#""del\u0074a":"AAAA""#,
    r#""item_id":null"#,
    r#""event_id":null"#,
    r#""output_index":1e0"#,
    r#""content_index":-1"#,
    r#""content_index":4294967296"#,
    r#""mime_type":"audio/pcm""#,
    r#""mimeType":"image/png""#,
    r#""data":"AAAA""#,
    r#""data":7"#,
    r#""note":"\"delta\":\"AAAA\"""#,
    r#""note":"plain""#,
    r#""note":{"type":"x","delta":"AAAA","deep":[[{}],[-0.5,true,null]]}"#,
    r#""note":"\ud800""#,
    r#""note":1e999"#,
    r#""note":00"#,
    r#""note":[1,]"#,
    r#""note":[1,2"#,
    r#""note":nul"#,
    "\"note\":\"\u{1f}\"",
    r#""näme":"ü""#,
    r#""":"""#,
    r#"note:1"#,
];

fn shuffle(members: &mut [String], mut order: u64) {
    for last in (1..members.len()).rev() {
        let place = (order % (last as u64 + 1)) as usize;
        order /= last as u64 + 1;
        members.swap(last, place);
    }
}

/// One blow to a frame's bytes.
#[derive(Clone, Debug)]
pub(crate) enum Blow {
    Remove(Index),
    Insert(Index, u8),
    Replace(Index, u8),
    CutAfter(Index),
    Repeat(Index, Index),
    Swap(Index, Index),
}

impl Blow {
    pub(crate) fn strike(self, mut frame: Vec<u8>) -> Vec<u8> {
        if frame.is_empty() {
            return frame;
        }
        let len = frame.len();
        match self {
            Self::Remove(at) => drop(frame.remove(at.index(len))),
            Self::Insert(at, byte) => frame.insert(at.index(len), byte),
            Self::Replace(at, byte) => drop(mem::replace(at.get_mut(&mut frame), byte)),
            Self::CutAfter(at) => frame.truncate(at.index(len)),
            Self::Repeat(from, to) => {
                let (from, to) = (from.index(len), to.index(len));
                let piece = frame
                    .get(from.min(to)..from.max(to))
                    .unwrap_or_default()
                    .to_vec();
                frame.splice(from..from, piece);
            }
            Self::Swap(one, other) => frame.swap(one.index(len), other.index(len)),
        }
        frame
    }
}

pub(crate) fn damage() -> impl Strategy<Value = Blow> {
    let telling = prop::sample::select(&b"\"\\{}[]:, \n=-_/0e.\x00\x80\xff"[..]);
    let byte = prop_oneof![3 => telling, 1 => any::<u8>()];
    prop_oneof![
        any::<Index>().prop_map(Blow::Remove),
        (any::<Index>(), byte.clone()).prop_map(|(at, byte)| Blow::Insert(at, byte)),
        (any::<Index>(), byte).prop_map(|(at, byte)| Blow::Replace(at, byte)),
        any::<Index>().prop_map(Blow::CutAfter),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Blow::Repeat(from, to)),
        (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Blow::Swap(one, other)),
    ]
}
