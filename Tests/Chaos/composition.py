"""What is asked, by its number alone, so that whoever knows the number of a question knows what it was."""

DOMAINS = {False: "open.test", True: "listed.test"}
# Of twenty questions in a row: the protocol, and whether the name is listed.
SHARES = (
    ("dns", False), ("tls", False), ("dns", True), ("dns", False), ("http", False), ("quic", True), ("dns", False), ("quic", False), ("tls", True),
    ("dns", False), ("dns", False), ("http", True), ("dns", True), ("tls", False), ("dns", False), ("quic", False), ("http", False), ("dns", True),
    ("dns", False), ("dns", False),
)
PROTOCOLS = ("dns", "tls", "quic", "http")
DATAGRAMS = ("dns", "quic")
# Questions of a burst are DNS queries with numbers from here on, every fourth for a listed name.
BURST = 50_000_000
DIGITS = 8


def protocol(number):
    return "dns" if number >= BURST else SHARES[number % len(SHARES)][0]


def is_listed(number):
    return number % 4 == 0 if number >= BURST else SHARES[number % len(SHARES)][1]


def is_version_6(number):
    """Every fourth round of the shares."""
    return number // len(SHARES) % 4 == 3


def name(number):
    return f"n{number:0{DIGITS}}.{DOMAINS[is_listed(number)]}"
