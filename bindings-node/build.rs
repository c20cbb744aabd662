//! Link arguments for a Node add-on.

fn main() {
    // The macros write the types of the exports where this says (bindings-node/build.mjs): with it
    // the crate is compiled anew, because a build without it wrote none.
    const TYPES: &str = "NAPI_TYPE_DEF_TMP_FOLDER";
    println!("cargo::rerun-if-env-changed={TYPES}");
    let folder = std::env::var(TYPES).unwrap_or_default();
    println!("cargo::rustc-env=PLACET_NODE_TYPES={folder}");
    // What is published carries no symbols: a panic names its place without them.
    let is_linux = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux");
    if is_linux && std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rustc-link-arg-cdylib=-Wl,--strip-all");
    }
    napi_build::setup();
}
