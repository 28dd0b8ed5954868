"""What all records share: a name with a version in the key `schema`, one class that writes and reads, older versions.

The laws: what was written is read back equal, keys that we do not know included; a record of a version that this
program does not know is refused, never half understood; a record without `schema` is version 1 of its kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from cli_tuner.errors import DataError
from cli_tuner.files import read_json, write_json

if TYPE_CHECKING:
    from typing_extensions import Self

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Digests = dict[str, Sha256]
"""Names of files, relative with `/`, to the SHA-256 of their bytes."""


class Part(BaseModel):
    """A part of a record; keys that this version does not know are kept."""

    model_config = ConfigDict(extra="allow", populate_by_name=True, use_attribute_docstrings=True)

    def plain(self) -> dict[str, object]:
        """Return it as plain data: what was never set is left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class Record(Part):
    """A file that one phase writes and another reads."""

    KIND: ClassVar[str]
    VERSION: ClassVar[int]
    TITLE: ClassVar[str]
    """What it is called in an error, such as `a run record`."""

    schema_name: str = Field(default="", alias="schema")
    """Kind and version, such as `cli-tuner/run/2`."""

    @classmethod
    def current(cls) -> str:
        """Return kind and version as this program writes them."""
        return f"cli-tuner/{cls.KIND}/{cls.VERSION}"

    @classmethod
    def upgraded(cls, document: dict[str, object], version: int) -> dict[str, object]:
        """Turn a document of an older version into the present one's form; what it did not record stays absent."""
        return document

    @classmethod
    def parse(cls, document: object, where: Path | str = "record") -> Self:
        """Read a record of any version up to ours.

        Args:
            document: Parsed JSON.
            where: Named in errors.

        Raises:
            DataError: It is of another kind, of a later version, or does not fit; the first misfit is named.
        """
        if not isinstance(document, dict):
            raise DataError(f"{where}: is not {cls.TITLE}: no JSON object", hint=_DAMAGED)
        version = cls._version(document, where)
        try:
            return cls.model_validate(cls.upgraded(dict(document), version) if version < cls.VERSION else document)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise DataError(f"{where}: is not {cls.TITLE}: {place}: {first['msg']}", hint=_DAMAGED) from error

    @classmethod
    def _version(cls, document: Mapping[str, Any], where: Path | str) -> int:
        named = document.get("schema")
        if named is None:
            return 1
        prefix, _, number = str(named).rpartition("/")
        if prefix != f"cli-tuner/{cls.KIND}" or not number.isdigit() or not int(number):
            raise DataError(f"{where}: is not {cls.TITLE}, but {named}", hint=_DAMAGED)
        if int(number) > cls.VERSION:
            raise DataError(
                f"{where}: {named} is newer than this program, which reads up to {cls.current()}",
                hint="install the cli-tuner that wrote it, or a later one",
            )
        return int(number)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a record from its file.

        Raises:
            DataError: The file is missing, is not JSON, or is not this kind of record.
        """
        return cls.parse(read_json(path), path)

    @classmethod
    def find(cls, path: Path) -> Self | None:
        """Read a record; None where it is missing or cannot be read."""
        try:
            return cls.read(path)
        except DataError:
            return None

    def document(self) -> dict[str, object]:
        """Return it as plain data, as it is written: what was never set is left out."""
        return {**self.plain(), "schema": self.current()}

    def write(self, path: Path) -> None:
        """Write it, whole or not at all."""
        write_json(path, self.document())


_DAMAGED = "it is damaged or of another program; restore it, or make it again"
