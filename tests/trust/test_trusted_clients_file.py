"""The file of trusted clients: what may stand in it, and how a mistake is told."""

import pytest

from cds_service.authored_yaml.source import AuthoringError
from cds_service.trust.client_file import load_clients


def _load(folder, text):
    path = folder / "clients.yaml"
    path.write_text(text, "utf-8")
    return load_clients(path)


def test_a_client_with_all_that_can_be_said(tmp_path):
    (client,) = _load(
        tmp_path,
        """
clients:
  - iss: https://ehr.example.org
    jku: https://ehr.example.org/jwks.json
    jwks_file: keys/ehr.json
    algorithms: [ES512, PS384]
    tenants: [north, "007"]
""",
    )
    assert (client.iss, client.jku) == (
        "https://ehr.example.org",
        "https://ehr.example.org/jwks.json",
    )
    assert client.jwks_file == tmp_path / "keys/ehr.json"
    assert (client.algorithms, client.tenants) == ({"ES512", "PS384"}, {"north", "007"})


def test_what_is_left_out(tmp_path):
    first, second = _load(
        tmp_path,
        "clients:\n- {iss: a, jwks_file: /etc/keys.json}\n- {iss: b, jku: 'http://127.0.0.1:9/k'}\n",
    )
    assert (str(first.jwks_file), first.jku) == ("/etc/keys.json", None)
    assert (second.jwks_file, second.jku) == (None, "http://127.0.0.1:9/k")
    assert first.algorithms == {"ES384", "RS384"}
    assert first.tenants == set()


MISTAKES = {
    "key of the file": ("client:\n- iss: a\n", 1, "no key 'client' here. Did you mean 'clients'?"),
    "key of an entry": ("clients:\n- iss: a\n  jku: https://a/k\n  algoritms: [ES384]\n", 4, "Did you mean 'algorithms'?"),
    "key that appears twice": ("clients:\n- iss: a\n  jku: https://a/k\n  iss: b\n", 4, "appears twice"),
    "no list": ("clients: a\n", 1, "must be a list"),
    "no client": ("clients: []\n", 1, "no client is listed"),
    "empty file": ("", 1, "a mapping (key: value) is expected"),
    "not YAML": ("clients:\n- iss: [\n", 3, "not YAML"),
    "no iss": ("clients:\n- jku: https://a/k\n", 2, "'iss' is missing"),
    "iss a number": ("clients:\n- iss: 7\n  jku: https://a/k\n", 2, "'iss' must be a text"),
    "iss twice": ("clients:\n- {iss: a, jku: 'https://a/k'}\n- {iss: a, jku: 'https://a/j'}\n", 3, "'a' appears twice"),
    "no keys": ("clients:\n- iss: a\n", 2, "Give 'jwks_file' or 'jku'"),
    "jku without TLS": ("clients:\n- iss: a\n  jku: http://a.example/k\n", 3, "without TLS"),
    "jku no URL": ("clients:\n- iss: a\n  jku: a.example/k\n", 3, "not an https URL"),
    "jku with a user": ("clients:\n- iss: a\n  jku: https://good.example@evil.example/k\n", 3, "user name"),
    "jku with a bad port": ("clients:\n- iss: a\n  jku: https://a.example:x/k\n", 3, "not a URL"),
    "algorithm": ("clients:\n- iss: a\n  jku: https://a/k\n  algorithms: [ES348]\n", 4, "no accepted algorithm 'ES348'. Did you mean 'ES384'?"),
    "algorithm that is weak": ("clients:\n- iss: a\n  jku: https://a/k\n  algorithms: [RS256]\n", 4, "no accepted algorithm 'RS256'"),
    "no algorithm": ("clients:\n- iss: a\n  jku: https://a/k\n  algorithms: []\n", 4, "would refuse every token"),
    "tenant a number": ("clients:\n- iss: a\n  jku: https://a/k\n  tenants: [x, 7]\n", 4, "'tenants' is a list of texts. Quote each."),
    "tenants no list": ("clients:\n- iss: a\n  jku: https://a/k\n  tenants: x\n", 4, "must be a list"),
    "no tenant": ("clients:\n- iss: a\n  jku: https://a/k\n  tenants: []\n", 4, "would refuse every token"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_with_its_line(tmp_path, name):
    text, line, what = MISTAKES[name]
    with pytest.raises(AuthoringError) as told:
        _load(tmp_path, text)
    assert what in str(told.value)
    assert str(told.value).startswith(f"{tmp_path / 'clients.yaml'}:{line}:")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(AuthoringError, match=r"CDS_CLIENTS\) cannot be read: No such file"):
        load_clients(tmp_path / "none.yaml")
