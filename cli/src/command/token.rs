//! `placet token`: make tokens for agents.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use placet::crypto::sha256;
use placet_store::system;

use crate::args::Token;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;

/// Runs the command.
pub(crate) fn run(args: &Token) -> Result<Exit, Failure> {
    match args {
        Token::New => new(),
    }
}

/// A token of 256 random bits: hashing it once is enough, because nobody guesses it.
fn new() -> Result<Exit, Failure> {
    let seed = system::seed()?;
    // The start of the word lets scanners for leaked secrets find it.
    let token = format!("placet_{}", URL_SAFE_NO_PAD.encode(*seed));
    let digest = sha256(token.as_bytes()).to_string();
    let digits = digest.trim_start_matches("sha256:");
    render::line(&format!("{token}\ntoken_sha256 = \"{digits}\""))?;
    Ok(Exit::Done)
}
