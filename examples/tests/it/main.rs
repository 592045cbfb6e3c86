//! What a person sees of the programs: exit codes, sentences, summaries, files.

mod bad_input;
mod conversation;
mod layers;
mod peer;
mod program;
mod recording;
