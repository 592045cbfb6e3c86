"""Makes voice.wav and voice.tsv, the voice of the emulated model, and the caller's questions.

    python3 -m venv venv
    venv/bin/pip install hibari-tts==0.2.1 scipy
    venv/bin/python make_voice.py --callers ../../../examples/assets

Needs sox on the path. Each run differs in the last bits: the neural runtime adds up in parallel.
"""

import argparse
import pathlib
import subprocess
import tempfile
import wave

import numpy as np
from hibari import Hibari

HERE = pathlib.Path(__file__).parent
RATE = 24_000
# sox writes IMA ADPCM at 24 kHz in blocks of 256 bytes, which hold this many samples. Clips start
# on a block so that each can be decoded alone.
BLOCK = 505

ONSETS = {
    "": "", "b": "b", "c": "k", "ch": "ʧ", "d": "d", "f": "f", "g": "ɡ", "h": "h", "j": "ʤ",
    "l": "l", "m": "m", "n": "n", "p": "p", "r": "ɹ", "s": "s", "sh": "ʃ", "t": "t", "th": "θ",
    "v": "v", "w": "w", "y": "j", "z": "z",
}
VOWELS = {"a": "ɑ", "e": "ɛ", "i": "i", "o": "O", "u": "u"}
CODAS = {
    "b": "əb", "d": "əd", "f": "əf", "g": "əɡ", "k": "ək", "l": "əl", "m": "əm", "n": "ən",
    "p": "əp", "r": "əɹ", "s": "əs", "sh": "əʃ", "t": "ət", "th": "əθ", "v": "əv", "x": "əks",
    "z": "əz",
}

CALLERS = {
    "question.wav": "What's the weather like in Oslo today?",
    "interruption.wav": "Sorry, one more thing: what about Lisbon tomorrow?",
    "thanks.wav": "Thank you. Anything else?",
}


def trimmed(audio, floor=0.006, margin=0.02):
    """Cuts the silence around a clip, but leaves a margin so that soft consonants survive."""
    window = int(0.005 * RATE)
    loud = [i for i in range(0, len(audio) - window, window)
            if np.sqrt(np.mean(audio[i:i + window] ** 2)) > floor]
    first = max(0, loud[0] - int(margin * RATE))
    last = min(len(audio), loud[-1] + window + int(2 * margin * RATE))
    clip = audio[first:last].copy()
    fade = int(0.008 * RATE)
    clip[:fade] *= np.linspace(0, 1, fade)
    clip[-fade:] *= np.linspace(1, 0, fade)
    return clip


def leveled(audio, target=0.09):
    """Brings a clip to the common loudness (RMS of its louder half)."""
    frames = np.array_split(audio, max(1, len(audio) // 480))
    levels = sorted(float(np.sqrt(np.mean(f ** 2))) for f in frames)
    loud = np.mean(levels[len(levels) // 2:])
    return np.clip(audio * min(target / loud, 0.9 / np.max(np.abs(audio))), -0.95, 0.95)


def without_long_pauses(audio, floor=0.015, longest=0.1):
    """Shortens pauses inside a turn, which a detector with 200 ms of patience would end."""
    window = int(0.01 * RATE)
    kept, quiet = [], 0
    for frame in np.array_split(audio, max(1, len(audio) // window)):
        quiet = 0 if np.sqrt(np.mean(frame ** 2)) > floor else quiet + len(frame)
        if quiet <= longest * RATE:
            kept.append(frame)
    return np.concatenate(kept)


def write_pcm(path, audio):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((audio * 32767).astype("<i2").tobytes())


def make_model_voice(tts):
    clips = []
    for line in (HERE / "phrases.txt").read_text("utf-8").splitlines():
        phrase = line.strip()
        if not phrase or phrase.startswith("#"):
            continue
        spoken = phrase if phrase[-1] in "?!" else phrase + ("," if " " not in phrase else ".")
        clips.append(("phrase", phrase.rstrip("?!"), leveled(trimmed(tts(spoken, seed=0)))))
    for onset, sound in ONSETS.items():
        for vowel, open_sound in VOWELS.items():
            clip = tts.from_phonemes(f"{sound}ˈ{open_sound}", seed=0, speed=1.5)
            clips.append(("syllable", onset + vowel, leveled(trimmed(clip))))
    for coda, sound in CODAS.items():
        clip = tts.from_phonemes(sound, seed=0, speed=1.9)
        clips.append(("coda", coda, leveled(trimmed(clip), 0.05)))

    track, index, at = [], [], 0
    for kind, text, clip in clips:
        index.append(f"{kind}\t{at}\t{len(clip)}\t{text}")
        padded = np.pad(clip, (0, -len(clip) % BLOCK))
        track.append(padded)
        at += len(padded)
    (HERE / "voice.tsv").write_text("\n".join(index) + "\n", "utf-8")
    with tempfile.TemporaryDirectory() as folder:
        plain = pathlib.Path(folder) / "plain.wav"
        write_pcm(plain, np.concatenate(track))
        subprocess.run(["sox", plain, "-e", "ima-adpcm", HERE / "voice.wav"], check=True)


def make_callers(tts, folder):
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name, text in CALLERS.items():
            plain = pathlib.Path(scratch) / name
            # Spoken faster, then slowed with its pitch: a larger body, so another speaker.
            words = leveled(trimmed(tts(text, seed=1, speed=1.2)), 0.12)
            write_pcm(plain, without_long_pauses(words))
            subprocess.run(
                ["sox", "-D", plain, "-r", str(RATE), folder / name,
                 "speed", "0.82", "pitch", "-250", "rate", str(RATE), "pad", "0.2", "0.6"],
                check=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--callers", type=pathlib.Path)
    options = arguments.parse_args()
    tts = Hibari()
    make_model_voice(tts)
    if options.callers:
        make_callers(tts, options.callers)


if __name__ == "__main__":
    main()
