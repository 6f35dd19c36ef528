"""Images keep all data of AWS services that the code uses, and no more."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "layers" / "waveflow" / "src" / "waveflow"
INSTALL = ROOT / "functions" / "install.sh"


def test_images_keep_botocores_data_for_exactly_the_clients_in_the_code():
    """A client without its data would fail each job on AWS, and only there."""
    code = "".join(path.read_text("utf-8") for path in LAYER.rglob("*.py"))
    kept = re.search(r"^services='([^']*)'$", INSTALL.read_text("utf-8"), re.MULTILINE)

    clients = set(re.findall(r"_client\(\s*\"(\w+)\"", code))

    assert clients == set(kept[1].split())
    assert code.count("create_client(") == 1, "another way to make a client"
