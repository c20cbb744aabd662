//! Codes of the faces: what only the command line and the language packages complain about.

/// Codes of the command line and the language packages, with their meaning. Those of the library
/// and of the guard stand with their errors.
pub const FACE_CODES: &[(&str, &str)] = &[
    ("API001", "a line is not a JSON object"),
    ("API002", "a key of a line is missing, not known, or of the wrong type"),
    ("API005", "a file or the standard output cannot be written"),
    ("API006", "a line holds no command, or more than one"),
    ("API007", "`bytes` is not base64"),
    ("API008", "no protocol has this name"),
    ("API009", "an answer cannot be written as JSON"),
    ("API010", "a session, a catalog or another object cannot be read"),
    ("API012", "the demo's database failed"),
    ("API014", "not a time"),
    ("API016", "a directory is not empty"),
    ("API017", "a file holds no checkpoint"),
    ("API019", "a root document that nobody could use"),
    ("API020", "a log of which no checkpoint is worth keeping"),
    ("API021", "a name is empty or holds characters that nobody sees"),
    ("API030", "a value of this type cannot be masked"),
    ("API031", "an argument of a tool is missing, or cannot be bound to an approval"),
    ("API032", "a decision that was stored cannot mask"),
    ("API033", "no shape has this name"),
    ("API034", "text and bytes are mixed in one stream"),
    ("API035", "a row of a result is no tuple, list or object"),
    ("API036", "a word outside the closed set for this argument"),
    ("API037", "an argument is neither text nor bytes"),
    ("API038", "a log needs the file of its key"),
    ("API039", "a fault inside the library; nothing was let through"),
    ("LIM001", "a line is longer than its bound"),
    ("LIM003", "a value nests deeper than its bound"),
    ("LIM004", "a result has more rows than its decision lets pass"),
];
