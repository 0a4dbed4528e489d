"""A text is made anew whenever one of its values is another, and only then."""

from instruments.protocols.written import Written


def test_the_same_values_are_written_once_others_anew():
    written, made = Written[str](), []

    def make(values):
        made.append(values)
        return ",".join(map(str, values))

    one, two = 1.5, "ppb"
    assert written.text("a", [one, two], make) == written.text("a", [one, two], make) == "1.5,ppb"
    assert len(made) == 1
    assert written.text("a", [2.5, two], make) == "2.5,ppb"
    assert written.text("a", [2.5, two, True], make) == "2.5,ppb,True"
    assert written.text("b", [one], make) == "1.5"


def test_equal_numbers_that_are_written_otherwise_are_not_taken_for_one_another():
    written = Written[bytes]()

    def make(values):
        return f"{values[0]:+.1f}".encode()

    assert written.text("a", [0.0], make) == b"+0.0"
    assert written.text("a", [-0.0], make) == b"-0.0"
