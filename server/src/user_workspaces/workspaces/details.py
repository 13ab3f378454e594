"""Parses `workspace_details` of a request, before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.file_names import name_of, text_of, without_escapes
from user_workspaces.quotas.values import on_disk

LONGEST_UUID = 200


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file with its content."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link to a dataset; `target` is an absolute path."""

    name: str
    target: str


@dataclass(frozen=True, slots=True)
class DatasetReference:
    """A dataset by the ID of another portal: it is stored with the request, and no link is made."""

    name: str
    dataset_uuid: str


@dataclass(frozen=True, slots=True)
class Details:
    """The files and links to write into a workspace."""

    files: tuple[NewFile, ...] = ()
    links: tuple[NewLink, ...] = ()
    references: tuple[DatasetReference, ...] = ()

    @property
    def size_on_disk(self) -> int:
        """Bytes of the files and links on disk; a link to a long path takes a block."""
        files = sum(on_disk(len(file.content), file.name) for file in self.files)
        return files + sum(on_disk(len(link.target), link.name) for link in self.links)

    def without_contents(self) -> dict[str, list[dict[str, str]]]:
        """Return the part of the request that the database stores."""
        return {
            "files": [{"name": file.name} for file in self.files],
            "symlinks": [
                *({"name": link.name, "path": link.target} for link in self.links),
                *({"name": one.name, "dataset_uuid": one.dataset_uuid} for one in self.references),
            ],
        }


def parse_details(raw: object) -> Details:
    """Parse `workspace_details`; raises `InvalidRequest` with messages that clients rely on.

    Other keys, such as `globus_groups_token`, are dropped and not stored.
    """
    if raw is None:
        return Details()
    if not isinstance(raw, Mapping):
        raise InvalidRequest("Workspace details not JSON.")
    symlinks = [_symlink(item) for item in _list(raw, "symlinks")]
    return Details(
        files=tuple(_file(item) for item in _list(raw, "files")),
        links=tuple(one for one in symlinks if isinstance(one, NewLink)),
        references=tuple(one for one in symlinks if isinstance(one, DatasetReference)),
    )


def merged(old: dict[str, list[dict[str, str]]], new: dict[str, list[dict[str, str]]]) -> dict[str, object]:
    """Return the entries of both; a later entry replaces an earlier one of the same name."""
    return {
        key: list({item["name"]: item for item in [*old.get(key, []), *new.get(key, [])]}.values())
        for key in ("files", "symlinks")
    }


def _list(raw: Mapping[str, object], key: str) -> list[object]:
    found = raw.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        raise InvalidRequest(f"'{key}' index must contain a list.")
    return found


def _file(item: object) -> NewFile:
    if not isinstance(item, Mapping):
        raise InvalidRequest("Each entry of 'files' must be an object with a name.")
    content = item.get("content", "")
    if content is None:
        content = ""
    if not isinstance(content, str):
        raise InvalidRequest("The content of a file must be a string.")
    try:
        encoded = content.encode()
    except UnicodeEncodeError:
        raise InvalidRequest("The content of a file must be valid Unicode text.") from None
    return NewFile(name=checked_name(item.get("name"), kind="File"), content=encoded)


def _symlink(item: object) -> NewLink | DatasetReference:
    if not isinstance(item, Mapping):
        raise InvalidRequest("Each entry of 'symlinks' must be an object with a name and a path.")
    target = item.get("path", item.get("source_path"))
    if target is None and "dataset_uuid" in item:
        return DatasetReference(checked_name(item.get("name"), kind="Symlink"), _dataset_uuid(item["dataset_uuid"]))
    if not isinstance(target, str) or not target:
        raise InvalidRequest("Each entry of 'symlinks' must be an object with a name and a path.")
    if "\0" in target or not _is_encodable(target):
        raise InvalidRequest("The symlink path is not a valid path.")
    return NewLink(name=checked_name(item.get("name"), kind="Symlink"), target=target)


def _dataset_uuid(raw: object) -> str:
    if not isinstance(raw, str) or not raw.strip() or "\0" in raw or not _is_encodable(raw) or len(raw) > LONGEST_UUID:
        raise InvalidRequest(f"The dataset_uuid of a symlink must be text of at most {LONGEST_UUID} characters.")
    return raw


def checked_name(raw: object, *, kind: str) -> str:
    """Return a path below the workspace; a leading slash means the root of the workspace."""
    if not isinstance(raw, str) or not raw.strip("/"):
        raise InvalidRequest(f"{kind} name missing.")
    if ".." in without_escapes(raw).replace("\\", "/").split("/"):
        raise InvalidRequest(f"{kind} name cannot contain double dots.")
    if "\0" in raw:
        raise InvalidRequest(f"{kind} name cannot contain a NUL character.")
    if not _is_encodable(raw):
        raise InvalidRequest(f"{kind} name must be valid Unicode text.")
    # Converted there and back, because one name can be written with different escapes.
    return text_of(name_of("/".join(part for part in raw.split("/") if part not in {"", "."})))


def _is_encodable(text: str) -> bool:
    try:
        # JSON escapes can form lone surrogates, which UTF-8 cannot encode.
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
