"""In which order words and bytes of a number go over the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from instruments.protocols.modbus_rows import ByteOrder, WordOrder

_ENDS: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "int16": ((0x8000,), (0x7FFF,)), "uint16": ((0,), (0xFFFF,)), "int32": ((0x8000, 0), (0x7FFF, 0xFFFF)),
    "uint32": ((0, 0), (0xFFFF, 0xFFFF)), "float32": ((0xFF7F, 0xFFFF), (0x7F7F, 0xFFFF)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders of one maker; within these modules a number has its high word first and its high byte first."""

    words: WordOrder
    bytes: ByteOrder

    def out(self, registers: Sequence[int]) -> tuple[int, ...]:
        """Registers of a number as they go out."""
        turned = tuple(registers) if self.words == "high first" else tuple(reversed(registers))
        return tuple(_swapped(register) for register in turned) if self.bytes == "swapped" else turned

    def into(self, registers: Sequence[int]) -> tuple[int, ...]:
        """Registers of a number as they have come, high word first; each step undoes itself."""
        return self.out(registers)

    def text_out(self, text: str, size: int) -> tuple[int, ...]:
        """Registers of a text: two characters each, zeros after its end."""
        padded = text.encode("ascii", "replace")[: 2 * size].ljust(2 * size, b"\x00")
        words = [int.from_bytes(padded[at : at + 2], "big") for at in range(0, 2 * size, 2)]
        return tuple(_swapped(word) for word in words) if self.bytes == "swapped" else tuple(words)

    def text_in(self, registers: Sequence[int]) -> str:
        """Text of registers, up to its first zero."""
        words = [_swapped(word) for word in registers] if self.bytes == "swapped" else list(registers)
        raw = b"".join(word.to_bytes(2, "big") for word in words)
        return raw.partition(b"\x00")[0].decode("ascii", "replace")

    @staticmethod
    def end_of_scale(form: str, number: float) -> tuple[int, ...]:
        """The smallest or the largest number that the form holds, high word first."""
        return _ENDS[form][number > 0]


def _swapped(register: int) -> int:
    return (register & 0xFF) << 8 | register >> 8
