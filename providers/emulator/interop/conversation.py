"""The official Python SDKs hold conversations with a running emulator.

Reads the emulator's address from the command line, holds each conversation that an SDK can hold,
and prints a line for each: `sdk scenario ok`, `sdk scenario failed: why` or
`sdk scenario skipped: why`. The last line counts them; the exit code is 1 when one failed.
"""

import asyncio
import base64
import json
import math
import struct
import sys
import traceback

KEY = "interop-key"
PATIENCE = 30.0
WEATHER_TOOL = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
WEATHER = {"temperature": 8, "conditions": "cloudy"}


def tone(rate, seconds, loudness=9000):
    """A tone as PCM16 little-endian: the emulator hears by loudness."""
    samples = int(rate * seconds)
    wave = (int(loudness * math.sin(at * 400 * math.pi / rate)) for at in range(samples))
    return struct.pack(f"<{samples}h", *wave)


def pieces(data, rate, seconds=0.1):
    """`data` in pieces of PCM16."""
    size = int(rate * seconds) * 2
    return [data[at : at + size] for at in range(0, len(data), size)]


def encoded(data):
    return base64.b64encode(data).decode()


class Misfit(Exception):
    """What an SDK received is not what the protocol promises."""


def check(holds, why):
    if not holds:
        raise Misfit(why)


# --- openai: Realtime ---------------------------------------------------------------------------


def openai_client(address):
    from openai import AsyncOpenAI

    return AsyncOpenAI(api_key=KEY, base_url=f"https://{address}/v1")


async def realtime_until(connection, kind, seen=None):
    """The next event of a kind; what comes before it is collected."""
    async for event in connection:
        if seen is not None:
            seen.append(event)
        if event.type == "error":
            raise Misfit(f"error {event.error.code}: {event.error.message}")
        if event.type == kind:
            return event
    raise Misfit(f"closed before {kind}")


async def realtime_text(address):
    async with openai_client(address).realtime.connect(model="gpt-realtime") as connection:
        await realtime_until(connection, "session.created")
        await connection.session.update(
            session={
                "type": "realtime",
                "instructions": "Answer briefly.",
                "tools": [{"type": "function", **WEATHER_TOOL}],
            }
        )
        updated = await realtime_until(connection, "session.updated")
        check(updated.session.instructions == "Answer briefly.", "the session is not as asked")
        await connection.conversation.item.create(
            item={
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "What's the weather in Oslo?"}],
            }
        )
        await connection.response.create()
        seen = []
        done = await realtime_until(connection, "response.done", seen)
        calls = [item for item in done.response.output if item.type == "function_call"]
        check(len(calls) == 1, f"{len(calls)} calls")
        check("city" in json.loads(calls[0].arguments), "no city in the arguments")
        await connection.conversation.item.create(
            item={
                "type": "function_call_output",
                "call_id": calls[0].call_id,
                "output": json.dumps(WEATHER),
            }
        )
        await connection.response.create()
        seen.clear()
        await realtime_until(connection, "response.done", seen)
        said = "".join(e.delta for e in seen if e.type == "response.output_audio_transcript.delta")
        sound = sum(len(e.delta) for e in seen if e.type == "response.output_audio.delta")
        check("8 degrees" in said, "the answer does not speak of the tool's output")
        check(sound > 10_000, "the answer has no sound")


async def realtime_voice(address):
    async with openai_client(address).realtime.connect(model="gpt-realtime") as connection:
        await realtime_until(connection, "session.created")
        for piece in pieces(tone(24_000, 1.2) + bytes(2 * 24_000), 24_000):
            await connection.input_audio_buffer.append(audio=encoded(piece))
        seen = []
        await realtime_until(connection, "response.done", seen)
        kinds = {event.type for event in seen}
        for kind in (
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "response.created",
            "response.output_audio.delta",
        ):
            check(kind in kinds, f"{kind} is missing")


async def realtime_interruption(address):
    async with openai_client(address).realtime.connect(model="gpt-realtime") as connection:
        await realtime_until(connection, "session.created")
        await connection.response.create()
        delta = await realtime_until(connection, "response.output_audio.delta")
        await connection.response.cancel()
        done = await realtime_until(connection, "response.done")
        check(done.response.status == "cancelled", f"status {done.response.status}")
        await connection.conversation.item.truncate(
            item_id=delta.item_id, content_index=0, audio_end_ms=50
        )
        await realtime_until(connection, "conversation.item.truncated")


# --- openai: GPT-Live ---------------------------------------------------------------------------


async def live_started(connection, **session):
    await connection.session.start(session={"model": "gpt-live-1", **session})
    return await realtime_until(connection, "session.started")


async def live_pump(connection, sound, stop):
    """Keeps the session's clock going: `sound`, then silence, in real time."""
    waiting = pieces(sound, 24_000)
    silence = bytes(4_800)
    while not stop.is_set():
        await connection.session.input_audio.append(
            audio=encoded(waiting.pop(0) if waiting else silence)
        )
        await asyncio.sleep(0.1)


async def live_conversation(address, sound, talk, **session):
    async with openai_client(address).live.connect() as connection:
        await live_started(connection, **session)
        stop = asyncio.Event()
        pump = asyncio.create_task(live_pump(connection, sound, stop))
        try:
            await talk(connection)
        finally:
            stop.set()
            await pump
        await connection.session.close()
        async for event in connection:
            if event.type == "session.closed":
                return
        raise Misfit("no session.closed")


async def live_greeting(address):
    async def talk(connection):
        await connection.session.commentary.append(content="Hello there.", delegation_id=None)
        said, appended, sound = "", False, 0
        async for event in connection:
            if event.type == "session.commentary.appended":
                appended = True
            if event.type == "session.output_audio.delta":
                sound += 1
            if event.type == "session.output_transcript.delta":
                said += event.delta
            if "Hello there" in said and appended and sound:
                return

    await live_conversation(address, b"", talk)


async def live_delegation(address):
    async def talk(connection):
        delegation = await realtime_until(connection, "session.delegation.created")
        await connection.session.commentary.append(
            content=json.dumps(WEATHER), delegation_id=delegation.delegation.id
        )
        said = ""
        async for event in connection:
            if event.type == "session.output_transcript.delta":
                said += event.delta
            if "degrees" in said:
                return

    sound = tone(24_000, 1.2)
    await live_conversation(address, sound, talk, delegation={"type": "client"})


async def live_interruption(address):
    async def talk(connection):
        await connection.session.commentary.append(
            content="One two three four five six seven eight nine ten.", delegation_id=None
        )
        said = ""
        async for event in connection:
            if event.type == "session.output_transcript.delta":
                said += event.delta
            if "two" in said:
                break
        await connection.session.instructions.append(content="Stop.", delegation_id=None)
        await realtime_until(connection, "session.instructions.appended")

    await live_conversation(address, b"", talk)


# --- google-genai -------------------------------------------------------------------------------

GEMINI_MODEL = "gemini-2.5-flash-native-audio-preview-12-2025"


def gemini_client(address):
    from google import genai
    from google.genai import types

    return genai.Client(
        api_key=KEY, http_options=types.HttpOptions(base_url=f"https://{address}")
    )


def vertex_client(address):
    from google import genai
    from google.genai import types
    from google.oauth2.credentials import Credentials

    return genai.Client(
        vertexai=True,
        project="interop",
        location="europe-west4",
        credentials=Credentials(token=KEY),
        http_options=types.HttpOptions(base_url=f"https://{address}"),
    )


def gemini_text(client):
    async def hold(address):
        config = {
            "response_modalities": ["AUDIO"],
            "output_audio_transcription": {},
            "tools": [{"function_declarations": [WEATHER_TOOL]}],
        }
        async with client(address).aio.live.connect(model=GEMINI_MODEL, config=config) as session:
            await session.send_client_content(
                turns={"role": "user", "parts": [{"text": "What's the weather in Oslo?"}]},
                turn_complete=True,
            )
            said, sound, complete = "", 0, False
            while not complete or "8 degrees" not in said:
                complete = False
                async for message in session.receive():
                    if message.tool_call:
                        answers = [
                            {"id": call.id, "name": call.name, "response": WEATHER}
                            for call in message.tool_call.function_calls
                        ]
                        await session.send_tool_response(function_responses=answers)
                    content = message.server_content
                    if content and content.output_transcription:
                        said += content.output_transcription.text or ""
                    if message.data:
                        sound += len(message.data)
                    complete = complete or bool(content and content.turn_complete)
            check(sound > 10_000, "the answer has no sound")

    return hold


async def gemini_voice(address):
    config = {"response_modalities": ["AUDIO"], "input_audio_transcription": {}}
    client = gemini_client(address)
    async with client.aio.live.connect(model=GEMINI_MODEL, config=config) as session:
        for piece in pieces(tone(16_000, 1.2) + bytes(2 * 24_000), 16_000):
            await session.send_realtime_input(
                audio={"data": piece, "mime_type": "audio/pcm;rate=16000"}
            )
        heard, sound = "", 0
        async for message in session.receive():
            content = message.server_content
            if content and content.input_transcription:
                heard += content.input_transcription.text or ""
            if message.data:
                sound += len(message.data)
        check(heard != "", "the user was not transcribed")
        check(sound > 10_000, "the answer has no sound")


async def gemini_interruption(address):
    config = {"response_modalities": ["AUDIO"]}
    client = gemini_client(address)
    async with client.aio.live.connect(model=GEMINI_MODEL, config=config) as session:
        await session.send_client_content(
            turns={"role": "user", "parts": [{"text": "Tell me a story."}]}, turn_complete=True
        )
        interrupted = False
        async for message in session.receive():
            if message.data and not interrupted:
                for piece in pieces(tone(16_000, 0.6), 16_000):
                    await session.send_realtime_input(
                        audio={"data": piece, "mime_type": "audio/pcm;rate=16000"}
                    )
            content = message.server_content
            interrupted = interrupted or bool(content and content.interrupted)
        check(interrupted, "speech over the answer did not interrupt it")


SCENARIOS = [
    ("openai", "realtime-text-and-tool", realtime_text),
    ("openai", "realtime-voice", realtime_voice),
    ("openai", "realtime-interruption", realtime_interruption),
    ("openai", "live-greeting", live_greeting),
    ("openai", "live-delegation", live_delegation),
    ("openai", "live-interruption", live_interruption),
    ("google-genai", "developer-text-and-tool", gemini_text(gemini_client)),
    ("google-genai", "developer-voice", gemini_voice),
    ("google-genai", "developer-interruption", gemini_interruption),
    ("google-genai", "vertex-text-and-tool", gemini_text(vertex_client)),
]


async def hold(sdk, name, conversation, address):
    """Holds one conversation and prints what became of it."""
    try:
        await asyncio.wait_for(conversation(address), PATIENCE)
    except ImportError as error:
        print(f"{sdk} {name} skipped: {error}", flush=True)
        return "skipped"
    except BaseException as error:  # a report, whatever an SDK raises
        why = " ".join(str(error).split())[:300] or type(error).__name__
        print(f"{sdk} {name} failed: {type(error).__name__}: {why}", flush=True)
        traceback.print_exc()
        return "failed"
    print(f"{sdk} {name} ok", flush=True)
    return "ok"


async def main(address, wanted):
    counts = {"ok": 0, "failed": 0, "skipped": 0}
    for sdk, name, conversation in SCENARIOS:
        if wanted in f"{sdk}/{name}":
            counts[await hold(sdk, name, conversation, address)] += 1
    total = sum(counts.values())
    print(f"cases={total} " + " ".join(f"{key}={count}" for key, count in counts.items()))
    return 1 if counts["failed"] or total == 0 else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")))
