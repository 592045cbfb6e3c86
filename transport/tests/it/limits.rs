//! Every limit that is on by default, met exactly and by one more.

use antiphon_protocol::{Command, CommandId, End, Fault, Frame, How, Retry, Stage, classify};
use antiphon_transport::{LinkCommand, Receipt, Undelivered, WsDial};
use tokio::io::AsyncWriteExt;

use crate::support::{
    Bench, Words,
    dice::Suite,
    loopback::{
        accept_head, answer, dial_with, each_wire, listen, read_head, recv, recv_frame, refusal,
        send,
    },
};

const FRAME: usize = 4 << 20;
const MESSAGE: usize = 8 << 20;
const HEAD: usize = 64 * 1024;
const HEADERS: usize = 100;
const BODY: usize = 8 * 1024;
const REASON: usize = 123;

/// The frame of a server, before its payload.
fn frame_head(opcode: u8, length: usize) -> Vec<u8> {
    match length {
        0..126 => vec![opcode, u8::try_from(length).unwrap()],
        126..65_536 => {
            let length = u16::try_from(length).unwrap().to_be_bytes();
            [&[opcode, 126], length.as_slice()].concat()
        }
        _ => [&[opcode, 127], (length as u64).to_be_bytes().as_slice()].concat(),
    }
}

/// What arrives when a server sends a message as frames of these sizes.
async fn hears(wire: &WsDial, frames: &[usize]) -> Result<usize, End> {
    let (listener, address) = listen().await;
    let frames = frames.to_vec();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = read_head(&mut stream).await;
        let accept = accept_head(&head);
        stream.write_all(accept.as_bytes()).await.unwrap();
        for (place, length) in frames.iter().enumerate() {
            let opcode = if place == 0 { 2 } else { 0 };
            let last = if place + 1 == frames.len() { 0x80 } else { 0 };
            let _ = stream.write_all(&frame_head(last | opcode, *length)).await;
            let _ = stream.write_all(&vec![7; *length]).await;
        }
        // Held until the client goes.
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut Vec::new()).await;
    });
    let (_tx, mut rx) = dial_with(wire, address, None).await?;
    Ok(recv_frame(&mut rx).await?.len())
}

fn is_too_large<T>(outcome: Result<T, End>) -> Result<(), String> {
    match outcome {
        Err(end) if classify(&end) == (Fault::TooLarge, Retry::Never) => Ok(()),
        Err(end) => Err(format!("{end:?}")),
        Ok(_) => Err("was taken".to_owned()),
    }
}

fn is_whole(outcome: Result<usize, End>, length: usize) -> Result<(), String> {
    match outcome {
        Ok(heard) if heard == length => Ok(()),
        Ok(heard) => Err(format!("{heard} of {length} bytes")),
        Err(end) => Err(format!("{end:?}")),
    }
}

/// A response with so many headers of so many bytes; refused, so that its end tells whether it was
/// read.
async fn reads_head(wire: &WsDial, headers: usize, bytes: Option<usize>) -> End {
    let (listener, address) = listen().await;
    let mut head = "HTTP/1.1 403 No\r\n".to_owned();
    for number in 1..headers {
        head.push_str(&format!("x-{number}: y\r\n"));
    }
    let tail = "content-length: 0\r\n";
    if let Some(bytes) = bytes {
        let name = "x-padding: ";
        let padding = bytes - name.len() - "\r\n".len() - tail.len();
        head.push_str(&format!("{name}{}\r\n", "z".repeat(padding)));
    }
    head.push_str(tail);
    head.push_str("\r\n");
    tokio::spawn(answer(listener, head.into_bytes()));
    refusal(wire, address, None).await
}

fn is_read(end: &End, wanted: bool) -> Result<(), String> {
    let read = end.status == Some(403);
    let unread = end.stage == Stage::Upgrade
        && matches!(end.how, How::Protocol | How::TooLarge)
        && classify(end).1 == Retry::Never;
    if read == wanted && unread != wanted {
        Ok(())
    } else {
        Err(format!("{end:?}"))
    }
}

async fn refusal_body(wire: &WsDial, length: usize) -> usize {
    let (listener, address) = listen().await;
    let text = format!(
        "HTTP/1.1 403 No\r\nContent-Length: {length}\r\n\r\n{}",
        "b".repeat(length)
    );
    tokio::spawn(answer(listener, text.into_bytes()));
    let end = refusal(wire, address, None).await;
    end.reason.as_str().matches('b').count()
}

async fn close_reason(wire: &WsDial, length: usize) -> End {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = read_head(&mut stream).await;
        let mut bytes = accept_head(&head).into_bytes();
        bytes.extend(frame_head(0x88, length + 2));
        bytes.extend([0x03, 0xf3]);
        bytes.extend(vec![b'\n'; length]);
        stream.write_all(&bytes).await.unwrap();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut Vec::new()).await;
    });
    let (_tx, mut rx) = dial_with(wire, address, None).await.unwrap();
    recv(&mut rx).await.unwrap_err()
}

async fn of_the_wire(suite: &mut Suite, name: &str, wire: &WsDial) {
    let mut case = |what: &str, outcome: Result<(), String>| {
        suite.case(outcome.map_err(|why| format!("{name}, {what}: {why}")));
    };
    let halves = [FRAME, MESSAGE - FRAME];
    let heard = hears(wire, &halves).await;
    case("a message", is_whole(heard, MESSAGE));
    let heard = hears(wire, &[FRAME, MESSAGE - FRAME, 1]).await;
    case("a larger message", is_too_large(heard));
    case("a frame", is_whole(hears(wire, &[FRAME]).await, FRAME));
    let heard = hears(wire, &[FRAME + 1]).await;
    case("a larger frame", is_too_large(heard));

    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = read_head(&mut stream).await;
        let accept = accept_head(&head);
        stream.write_all(accept.as_bytes()).await.unwrap();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut Vec::new()).await;
    });
    let (mut tx, _rx) = dial_with(wire, address, None).await.unwrap();
    let sent = send(&mut tx, Frame::binary(vec![7; MESSAGE])).await;
    case("a message sent", sent.map_err(|end| format!("{end:?}")));
    let sent = send(&mut tx, Frame::binary(vec![7; MESSAGE + 1])).await;
    case("a larger message sent", is_too_large(sent));

    let head = reads_head(wire, HEADERS, None).await;
    case("headers", is_read(&head, true));
    let head = reads_head(wire, HEADERS + 1, None).await;
    case("more headers", is_read(&head, false));
    let head = reads_head(wire, 1, Some(HEAD)).await;
    case("a head", is_read(&head, true));
    let head = reads_head(wire, 1, Some(HEAD + 1)).await;
    case("a larger head", is_read(&head, false));
    let head = reads_head(wire, 1, Some(10 * HEAD)).await;
    case("a head without end", is_read(&head, false));

    let kept = refusal_body(wire, BODY).await;
    case("a body", is_whole(Ok(kept), BODY));
    let kept = refusal_body(wire, BODY + 1).await;
    // One mark stands for what is left out.
    case("a longer body", is_whole(Ok(kept), BODY - '…'.len_utf8()));

    let end = close_reason(wire, REASON).await;
    let shown = end.reason.as_str();
    let ok = end.code == Some(1011) && shown == "\\n".repeat(REASON);
    case("a reason", ok.then_some(()).ok_or(format!("{end:?}")));
    let end = close_reason(wire, REASON + 1).await;
    let ok = end.how == How::Protocol;
    case(
        "a longer reason",
        ok.then_some(()).ok_or(format!("{end:?}")),
    );
}

/// The receipt of a command of so many bytes while so many wait to be written.
fn receipt(waiting: usize, bytes: usize) -> Option<Receipt> {
    let mut bench = Bench::live(Words::default());
    let mut id = 0;
    let mut send = |bytes: usize| {
        id += 1;
        bench.command(LinkCommand::Send {
            id: CommandId::new(id),
            command: Command::Audio(vec![7; bytes].into()),
        });
    };
    if waiting > 0 {
        send(waiting);
    }
    send(bytes);
    bench.said.drain(..).find_map(|output| match output {
        antiphon_transport::Output::Up(antiphon_transport::LinkOutput::Receipt {
            receipt, ..
        }) => Some(receipt),
        _ => None,
    })
}

fn of_the_link(suite: &mut Suite) {
    let came_back = |receipt: &Option<Receipt>, expected: Undelivered| matches!(receipt, Some(Receipt::Undelivered { why, .. }) if *why == expected);
    let mut case = |what: &str, ok: bool, told: &Option<Receipt>| {
        let outcome = if ok {
            Ok(())
        } else {
            Err(format!("{what}: {told:?}"))
        };
        suite.case(outcome);
    };
    let told = receipt(0, MESSAGE);
    case("a command", told.is_none(), &told);
    let told = receipt(0, MESSAGE + 1);
    case(
        "a larger command",
        came_back(&told, Undelivered::TooLarge),
        &told,
    );
    let told = receipt((1 << 20) - 1 - WEIGHT, 1);
    case("a write buffer with room", told.is_none(), &told);
    let told = receipt(1 << 20, 1);
    case(
        "a full write buffer",
        came_back(&told, Undelivered::WriteBufferFull),
        &told,
    );
}

/// What a waiting frame counts beyond its bytes.
const WEIGHT: usize = 512;

#[tokio::test]
async fn every_limit_holds_exactly() {
    let mut suite = Suite::new("limits");
    for (name, wire) in each_wire() {
        of_the_wire(&mut suite, name, &wire).await;
    }
    of_the_link(&mut suite);
    suite.end();
}
