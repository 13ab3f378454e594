"""Valid, invalid and hostile requirements files."""

import pytest

from support.cpu_limit import cpu_limit
from user_workspaces.environments.specifications.requirements import read_lock, read_requirements
from user_workspaces.environments.specifications.values import LARGEST_FILE, MOST_REQUIREMENTS
from user_workspaces.errors import InvalidRequest

HASHES = [f"sha256:{digit * 64}" for digit in "ab"]


def texts(content: str) -> list[str]:
    return [one.text for one in read_requirements("requirements.txt", content.encode()).requirements]


def problem(content: str | bytes) -> str:
    with pytest.raises(InvalidRequest) as raised:
        read_requirements("requirements.txt", content if isinstance(content, bytes) else content.encode())
    return raised.value.message


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("numpy", ["numpy"]),
        ("NumPy >= 2 , <3", ["numpy<3,>=2"]),
        ("zope.interface==6", ["zope-interface==6"]),
        ("requests [security,Socks] ~= 2.31", ["requests[security,socks]~=2.31"]),
        ("six (>=1.16)", ["six>=1.16"]),
        ('tomli; python_version < "3.11"', ['tomli ; python_version < "3.11"']),
        ("torch==2.4.0+cpu", ["torch==2.4.0+cpu"]),
        ("# a comment\n\nsix # another\r\n   pandas\t\n", ["six", "pandas"]),
        ("\ufeffsix", ["six"]),
        ("six \\\n>=1 \\\n<2", []),
        ("six \\\n  >=1", ["six>=1"]),
        ("six\nsix\nSIX", ["six"]),
        (f"six==1.17.0 \\\n    --hash={HASHES[1]} \\\n    --hash={HASHES[0]}\n    # via pandas", None),
        ("six \\", ["six"]),
    ],
)
def test_requirements_are_normalized(written: str, read: list[str] | None) -> None:
    if read == []:
        assert "is not a valid requirement such as `numpy>=2`" in problem(written)
        return
    assert texts(written) == ([f"six==1.17.0 --hash={HASHES[0]} --hash={HASHES[1]}"] if read is None else read)


REFUSED = [
    "-r /etc/shadow",
    "-r other.txt",
    "--requirement=other.txt",
    "-c constraints.txt",
    "-e .",
    "--editable git+https://example.org/x",
    "--index-url http://evil",
    "--extra-index-url=http://evil",
    "-i http://evil",
    "--find-links /tmp",
    "--no-binary :all:",
    "--trusted-host evil",
    "six --index-url http://evil",
    "six --global-option=x",
    "six --hash=sha256:short",
    "six --hash=md5:0123456789abcdef0123456789abcdef",
    "file:///etc/passwd",
    "./local",
    "../local",
    ".",
    "/etc/passwd",
    "six @ file:///tmp/six.whl",
    "six @ https://example.org/six-1.whl",
    "git+https://github.com/x/y",
    "https://user:password@example.org/x.whl",
    "six-1.17.0-py3-none-any.whl",
    "six.tar.gz",
    "C:\\six.zip",
    'six; platform_version == "${SECRET_KEY}"',
    'six; platform_version == "#x"',
]


@pytest.mark.parametrize("line", REFUSED)
def test_line_that_is_no_index_package_is_refused_with_its_number(line: str) -> None:
    said = problem(f"numpy\n{line}\npandas\n")
    assert said.startswith("requirements.txt, line 2: `")
    assert "\n" not in said


@pytest.mark.parametrize("line", ["./local", "git+https://github.com/x/y", "six @ file:///x", "file:///etc/passwd"])
def test_error_suggests_a_solution(line: str) -> None:
    assert problem(f"# 1\n\n\n\n\n\n{line}") == (
        f"requirements.txt, line 7: `{line}` is not a package from the index; install it in the session with "
        "`pip install`."
    )


@pytest.mark.parametrize("line", ["numpy==", "numpy>>2", "numpy 2", "=", "!", "num py", "six;", "six; nonsense", "ä"])
def test_error_quotes_the_invalid_requirement(line: str) -> None:
    assert (
        problem(f"six\n{line}") == f"requirements.txt, line 2: `{line}` is not a valid requirement such as `numpy>=2`."
    )


def test_first_refused_lines_are_listed_and_the_rest_is_counted() -> None:
    said = problem("\n".join(["six", *["-e ."] * 12])).splitlines()
    assert [line.partition(":")[0] for line in said[:10]] == [f"requirements.txt, line {n}" for n in range(2, 12)]
    assert said[10:] == ["And 2 more."]


@pytest.mark.parametrize("character", ["\0", "\x01", "\x0b", "\x0c", "\x1b", "\x7f", "a\rb"])
def test_control_characters_are_refused_and_not_repeated(character: str) -> None:
    said = problem(f"numpy\nsix{character}x")
    assert said.startswith("requirements.txt, line 2: the line has a control character: six")
    assert all(part.isprintable() for part in said.split("\n"))


def test_invalid_utf8_is_reported_with_its_line() -> None:
    assert problem(b"six\nnum\xffpy") == "requirements.txt, line 2: the text is not valid UTF-8."


def test_line_of_a_mebibyte_is_refused_at_once() -> None:
    with cpu_limit():
        assert problem("a" * LARGEST_FILE) == "requirements.txt, line 1: the line has more than 8,192 characters."
        assert problem("six\\\n" * (LARGEST_FILE // 5)) == ("requirements.txt, line 1: continues on too many lines.")


def test_larger_file_is_refused() -> None:
    assert "larger than the maximum of 1 MiB" in problem("#" * (LARGEST_FILE + 1))


def test_ten_thousand_requirements_are_refused_at_once() -> None:
    with cpu_limit():
        said = problem("".join(f"package-{number}==1\n" for number in range(10_000)))
        assert said == (
            "requirements.txt lists 10,000 packages, but at most 2,000 can be prepared. Install them in the session."
        )


def test_maximum_number_of_requirements_is_read_quickly() -> None:
    with cpu_limit():
        assert len(texts("".join(f"package-{number}==1\n" for number in range(MOST_REQUIREMENTS)))) == MOST_REQUIREMENTS


@pytest.mark.parametrize("content", ["", "\n\n", "# nothing\n"])
def test_file_without_packages_is_refused(content: str) -> None:
    assert problem(content) == "requirements.txt lists no packages."


def test_lock_is_a_complete_list() -> None:
    read = read_lock(f"# Python 3.11\nsix==1.17.0\nnumpy==2.4.0 --hash={HASHES[0]}\n".encode())
    assert [one.text for one in read.requirements] == ["six==1.17.0", f"numpy==2.4.0 --hash={HASHES[0]}"]
    assert read.is_complete


@pytest.mark.parametrize("line", ["six", "six>=1", "six==1.*", "six===1", "six==1,<2", 'six==1; python_version>"3"'])
def test_lock_with_an_unpinned_package_is_refused(line: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        read_lock(f"numpy==2\n{line}".encode())
    assert raised.value.message.startswith("environment.lock, line 2: six")
