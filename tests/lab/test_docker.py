"""Of `build_image` and `container`: an image, and its first process."""

import json
import signal
import sys
from pathlib import Path

import pytest

from lab import DockerfileError, Image, build_image, container, free_port

SERVER = """
import http.server, os, signal, sys
def stop(*_):
    print("stopped", flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, stop)
handler = http.server.SimpleHTTPRequestHandler
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), handler).serve_forever()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a program, two of its parts, and what it needs."""
    for name, text in {
        "requirements.txt": "one",
        "serve.py": SERVER,
        "parts/a.txt": "A",
        "parts/deep/b.txt": "B",
    }.items():
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "folder"


def made(folder: Path, *steps: str, end: str = 'CMD ["x"]') -> Image:
    """Return the image of these steps."""
    return build_image("\n".join(["FROM python:3.11-slim", *steps, end]), folder)


@pytest.mark.parametrize(
    ("step", "files"),
    [
        ("COPY parts .", ["/a.txt", "/deep/b.txt"]),
        ("COPY parts/ /srv/parts", ["/srv/parts/a.txt", "/srv/parts/deep/b.txt"]),
        ("COPY parts/a.txt /srv", ["/srv"]),
        ("COPY parts/a.txt /srv/", ["/srv/a.txt"]),
        ('COPY ["./parts/a.txt", "serve.py", "/srv"]', ["/srv/a.txt", "/srv/serve.py"]),
        ("copy --chown=1:1 *.txt ./", ["/requirements.txt"]),
        ("WORKDIR /srv\nWORKDIR x/../y\nCOPY serve.py .", ["/srv/y/serve.py"]),
        ("ENV HOME=/h\nCOPY serve.py ${HOME}/${NO:-n}/", ["/h/n/serve.py"]),
        (
            "COPY --exclude=*.py . /d",
            ["/d/parts/a.txt", "/d/parts/deep/b.txt", "/d/requirements.txt"],
        ),
    ],
)
def test_files_are_copied(folder: Path, step: str, files: list[str]) -> None:
    assert sorted(made(folder, step).files) == files


def test_files_come_from_earlier_stages(folder: Path) -> None:
    first = "WORKDIR /w\nCOPY parts parts\nRUN make\nFROM python AS last"
    image = made(folder, first, "COPY --from=0 /w/parts/deep /deep")

    assert image.files == {"/deep/b.txt": "parts/deep/b.txt"}
    assert "RUN make" in [layer.text for layer in image.layers]
    assert image.base == "python"


@pytest.mark.parametrize(
    ("install", "source", "are_there"),
    [
        ("pip install -r requirements.txt", "/w", False),
        ("pip install -r requirements.txt", "/usr/local/lib", True),
        ("pip install -r requirements.txt", "/", True),
        ("venv/bin/pip install -r requirements.txt", "/w", True),
        ("pip install --target=lib -r requirements.txt", "/w", True),
    ],
)
def test_packages_of_the_system_can_stay_in_an_earlier_stage(
    folder: Path, install: str, source: str, are_there: bool
) -> None:
    first = f"WORKDIR /w\nCOPY requirements.txt .\nRUN {install}\nFROM python"
    copy = f"COPY --from=0 {source} {source}"
    image = made(folder, first, copy, end='CMD ["/w/venv/bin/x"]')

    seen = ["requirements.txt" in layer.files for layer in image.layers]
    assert any(seen) is are_there


@pytest.mark.parametrize(
    ("steps", "again"),
    [
        (["COPY requirements.txt .", "RUN pip install -r requirements.txt"], False),
        (["COPY . .", "RUN pip install -r ./requirements.txt"], True),
        (["COPY requirements.txt /w/", "RUN cd /w && cat requirements.txt"], False),
        (["COPY . /x", "COPY requirements.txt .", "RUN cat requirements.txt"], True),
        (
            [
                "RUN --mount=type=bind,source=requirements.txt,target=/r.txt \\",
                "# why",
                "  pip install -r /r.txt",
            ],
            False,
        ),
    ],
)
def test_a_layer_is_made_again_after_a_change(
    folder: Path, steps: list[str], again: bool
) -> None:
    def key() -> str:
        layers = made(folder, *steps, "COPY parts parts").layers
        (key,) = (one.key for one in layers if one.files == ["requirements.txt"])
        return key

    before = key()
    (folder / "parts" / "a.txt").write_text("new")
    assert (key() != before) is again

    between = key()
    (folder / "requirements.txt").write_text("two")
    assert key() != between


@pytest.mark.parametrize(
    ("end", "command"),
    [
        ('CMD ["a", "b"]', ["a", "b"]),
        ("CMD a b", ["/bin/sh", "-c", "a b"]),
        ("CMD ['a']", ["/bin/sh", "-c", "['a']"]),
        ('CMD ["b"]\nCMD ["c"]', ["c"]),
        ('ENTRYPOINT ["a"]\nCMD ["b"]', ["a", "b"]),
        ('ENTRYPOINT a\nCMD ["b"]', ["/bin/sh", "-c", "a"]),
        ('SHELL ["bash", "-c"]\nCMD a', ["bash", "-c", "a"]),
    ],
)
def test_the_command_has_two_forms(folder: Path, end: str, command: list[str]) -> None:
    assert made(folder, end=end).command == command


@pytest.mark.parametrize(
    ("steps", "is_root"),
    [([], True), (["USER nobody"], False), (["USER 0:0"], True), (["USER 7"], False)],
)
def test_the_user_is_known(folder: Path, steps: list[str], is_root: bool) -> None:
    assert made(folder, *steps).is_root is is_root


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no `FROM`"),
        ("FROM python", "no `CMD`"),
        ("RUN x\nFROM python", "before `FROM`"),
        ("FROM python\nINSTALL x", "no instruction `INSTALL`"),
        ("FROM python\nCOPY none .", "`none` is not in the folder"),
        ("FROM python\nCOPY serve.py", "no target"),
        ("FROM python\nUSER rider\nRUN x", "the user `rider`"),
        ("FROM python\nRUN useradd riders\nUSER rider\nRUN x", "the user `rider`"),
        ("FROM python\nUSER nobody\nRUN pip install x", "may not install"),
        ('FROM python\nRUN /v/bin/pip install x\nCMD ["x"]', "packages are in `/v`"),
        ("FROM python\nRUN uv pip install x", "`uv` finds no"),
        ("FROM python\nCOPY <<END /x", "here-document"),
        ("FROM python\nSTOPSIGNAL SIGNONE", "no signal `SIGNONE`"),
        ("FROM python\nCMD", "alone"),
    ],
)
def test_what_docker_would_refuse_is_said(folder: Path, text: str, why: str) -> None:
    with pytest.raises(DockerfileError, match=why):
        build_image(text, folder)


@pytest.mark.parametrize(
    ("install", "copy", "steps", "why"),
    [
        ("useradd rider", "/x", "USER rider", "has made the user `rider`"),
        ("python -m venv v && . v/bin/activate && pip install x", "/v", "", "`v`"),
        ("pip install --user x", "/root/.local", "", "`/root/.local`"),
        ("pip install --user x", "/root", "USER 7\nENV PATH=/root/.local/bin", "read"),
        ("pip install x", "/usr/local/lib/python3.11/site-packages", "", "program"),
    ],
)
def test_what_is_lost_between_stages_is_said(
    folder: Path, install: str, copy: str, steps: str, why: str
) -> None:
    step = f"RUN {install}\nFROM python:3.11\nCOPY --from=0 {copy} {copy}\n{steps}"
    with pytest.raises(DockerfileError, match=why):
        made(folder, step, end='CMD ["uvicorn"]')


def test_packages_of_another_python_are_refused(folder: Path) -> None:
    step = "RUN pip install x\nFROM python:3.12\nCOPY --from=0 /usr /usr"
    with pytest.raises(DockerfileError, match=r"3\.11 are used with Python 3\.12"):
        made(folder, step)


@pytest.mark.parametrize(
    ("steps", "command"),
    [
        ("RUN pip install x\nFROM python:3.11\nCOPY --from=0 /usr /usr", "uvicorn"),
        ("ENV A=rider\nRUN <<END\npip install x\nuseradd $A\nEND\nUSER $A", "x"),
        ("RUN python -m venv v && . v/bin/activate && pip install x", "v/bin/x"),
        (
            "RUN pip install --user x\nFROM python:3.11\n"
            "ENV PATH=/h/.local/bin:$PATH\nUSER 7\n"
            "COPY --from=0 /root/.local /h/.local",
            "uvicorn",
        ),
    ],
)
def test_packages_are_found(folder: Path, steps: str, command: str) -> None:
    assert made(folder, steps, end=f'CMD ["{command}"]').command == [command]


@pytest.mark.parametrize(
    ("command", "is_told"),
    [
        ([sys.executable, "/srv/serve.py"], True),
        (f"exec {sys.executable} serve.py", True),
        (f"{sys.executable} serve.py", False),
    ],
    ids=["exec form", "exec in a shell", "shell form"],
)
def test_the_first_process_receives_the_signal(
    folder: Path, command: list[str] | str, is_told: bool
) -> None:
    port = free_port()
    words = f"{command} {port}"
    if isinstance(command, list):
        words = json.dumps([*command, str(port)])
    image = made(folder, "WORKDIR /srv", "COPY . .", end=f"CMD {words}")

    with container(image, folder, port) as first:
        assert first.client.get("/parts/a.txt").text == "A"
        assert first.stop(image.stop_signal)
        assert ("stopped" in first.output) is is_told
    assert image.stop_signal is signal.SIGTERM
