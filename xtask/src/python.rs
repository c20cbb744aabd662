//! The Python package: a virtual environment, the compiled half, stubs, types, tests.

use crate::run::Step;

const PIP: &str = ".venv/bin/pip";
const PYTHON: &str = ".venv/bin/python";

/// The environment of the project's own, with pinned tools: nothing is installed beside it.
fn environment() -> Vec<Step> {
    vec![
        Step::command("Python: environment", &["python3", "-m", "venv", ".venv"]),
        Step::command(
            "Python: tools",
            &[
                PIP,
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--requirement",
                "bindings-python/requirements-dev.txt",
                "--requirement",
                "examples/agent-framework/python/requirements.txt",
            ],
        ),
    ]
}

/// Builds the package into the environment.
fn develop(name: &str, options: &[&str]) -> Step {
    let words = [
        &[PYTHON, "-m", "maturin", "develop", "--quiet", "--manifest-path"][..],
        &["bindings-python/Cargo.toml", "--features", "testing"],
        options,
    ];
    Step::command(name, &words.concat()).env("VIRTUAL_ENV", ".venv")
}

/// Stubs against the compiled module, types, then every test: the shared cases, the snippets of the
/// documentation, the examples.
pub(crate) fn test() -> Vec<Step> {
    let checks = vec![
        develop("Python: build", &[]),
        Step::command(
            "Python: stubs",
            &[
                PYTHON,
                "-m",
                "mypy.stubtest",
                "placet",
                "--mypy-config-file",
                "bindings-python/pyproject.toml",
            ],
        ),
        Step::command(
            "Python: types",
            &[
                PYTHON,
                "-m",
                "mypy",
                "--strict",
                "bindings-python/python",
                "bindings-python/tests",
                "examples/agent-framework/python",
            ],
        ),
        Step::command(
            "Python: tests",
            &[
                PYTHON,
                "-m",
                "pytest",
                "--config-file",
                "bindings-python/pyproject.toml",
                "bindings-python/tests",
                "examples/agent-framework/python",
            ],
        ),
    ];
    [environment(), checks].concat()
}

/// Figures of the package.
pub(crate) fn bench() -> Vec<Step> {
    let measure = vec![
        develop("Python: build for figures", &["--release"]),
        Step::command("Python: figures", &[PYTHON, "benches/bindings/python_bench.py"]),
    ];
    [environment(), measure].concat()
}
