"""Says whether a decoded value and the one that a peer printed are the same."""


class Agreement:
    """Compares values; remembers in which base each field of an event can have been printed.

    trace-cmd prints some numbers in hexadecimal without a prefix: a field may be in either base, but in one base in all
    events of a file.
    """

    def __init__(self, big_endian=False):
        self.order = "big" if big_endian else "little"
        self.bases = {}
        self.compared = 0
        self.skipped = {}

    def agree(self, event, name, ours, theirs):
        """True when the values are the same, or when the peer printed none that can be compared."""
        self.compared += 1
        if isinstance(theirs, str):
            return self._text(event, name, ours, theirs)
        if isinstance(theirs, list):
            return self._bytes(event, name, ours, theirs)
        if isinstance(ours, int) and isinstance(theirs, int):
            # The kernel's own text leaves out the upper page flags, which hold node and zone.
            if name == "flags" and any(ours % (1 << bits) == theirs for bits in range(20, 40)):
                return True
            # Digits of a text can be hexadecimal ones without saying so.
            return self._text(event, name, ours, str(theirs))
        return ours == theirs

    def _skip(self, event, name, why):
        self.compared -= 1
        key = (event, name, why)
        self.skipped[key] = self.skipped.get(key, 0) + 1
        return True

    def _text(self, event, name, ours, theirs):
        if isinstance(ours, list):
            return self._array(event, name, ours, theirs)
        if isinstance(ours, str):
            # Strings behind a pointer of the kernel are not in the file.
            same = ours == theirs or ours.strip() == theirs.strip()
            return same or theirs == "" and self._skip(event, name, "peer prints no text")
        if theirs == "(nil)":
            return ours == 0
        found = readings(theirs)
        if not found:
            return self._skip(event, name, "peer prints a symbol")
        matching = {base for base, value in found.items() if same_bits(ours, value)}
        allowed = self.bases.setdefault((event, name), {0, 10, 16}) & (matching | {0})
        if 0 in matching:
            return True
        allowed &= matching
        if allowed:
            self.bases[(event, name)] = allowed
        return bool(allowed)

    def _array(self, event, name, ours, theirs):
        if not theirs.startswith("ARRAY["):
            return self._skip(event, name, "peer prints an array in words")
        theirs = [int(word, 16) for word in theirs[6:-1].split(",") if word.strip()]
        if not theirs:
            return self._skip(event, name, "peer prints an empty array")
        return self._bytes(event, name, ours, theirs)

    def _bytes(self, event, name, ours, theirs):
        if isinstance(ours, str):
            text = bytes(theirs).split(b"\0")[0].decode("utf-8", "replace")
            return ours == text
        if not isinstance(ours, list):
            return False
        if name == "caller":
            # Declared with eight elements, whatever the record holds.
            size = min(len(ours), len(theirs) // 8)
            return self._packed(ours[:size], 8) == bytes(theirs[:size * 8])
        for width in (1, 2, 4, 8):
            if len(theirs) == len(ours) * width and self._packed(ours, width) == bytes(theirs):
                return True
        return False

    def _packed(self, elements, width):
        mask = (1 << 8 * width) - 1
        return b"".join((element & mask).to_bytes(width, self.order) for element in elements)


def same_bits(a, b):
    """Equal as numbers of 64 bits, or of 32 where one side has no more."""
    mask = (1 << 64) - 1
    a, b = a & mask, b & mask
    return a == b or (a >> 32 == 0 or b >> 32 == 0) and a & 0xFFFFFFFF == b & 0xFFFFFFFF and (
        sign_extends(a) or sign_extends(b))


def sign_extends(value):
    """A negative number of 32 bits that was widened on one side only."""
    return value >> 31 in (1, 0x1FFFFFFFF)


def readings(text):
    """What a printed number can be, by base; 0 stands for one that says its base."""
    if text.startswith("0x"):
        while text.startswith("0x"):
            text = text[2:]
        value = number(text, 16)
        return {} if value is None else {0: value}
    found = {base: number(text, base) for base in (10, 16)}
    return {base: value for base, value in found.items() if value is not None}


def number(text, base):
    try:
        return int(text, base)
    except ValueError:
        return None
