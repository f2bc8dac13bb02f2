"""The screens' own rules, read from the files: nothing inline, no icon or status unknown, files as listed."""

import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "static" / "vendor"
VENDORS = [VENDOR, ROOT / "tests" / "vendor"]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SPRITE = set(re.findall(r'<symbol id="([^"]+)"', (VENDOR / "icons" / "sprite.svg").read_text()))
# Mail programs read inline styles only.
MAILS = {"reminders/mail.html"}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT / "templates"))


def _screens() -> list[Path]:
    """Every template that a browser shows."""
    return [path for path in TEMPLATES if _name(path) not in MAILS]


@pytest.mark.parametrize("vendor", VENDORS, ids=str)
def test_vendored_files_are_as_the_manifest_says(vendor: Path) -> None:
    listed = {
        entry["path"]: entry["sha256"]
        for entry in json.loads((vendor / "manifest.json").read_text())["files"]
    }
    found = {
        str(path.relative_to(vendor)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in vendor.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert found == listed


@pytest.mark.parametrize("vendor", VENDORS, ids=str)
def test_vendored_files_each_carry_version_licence_and_source(vendor: Path) -> None:
    for entry in json.loads((vendor / "manifest.json").read_text())["files"]:
        assert sorted(entry) == ["licence", "path", "sha256", "source", "version"]
        assert all(entry.values()), entry
        assert (vendor / entry["path"].split("/")[0] / "LICENSE").is_file()


def test_static_files_name_no_source_maps() -> None:
    named = [
        path
        for path in (ROOT / "static").rglob("*")
        if path.is_file() and b"sourceMappingURL" in path.read_bytes()
    ]
    assert named == []


def test_style_sheets_name_only_files_that_exist() -> None:
    missing = [
        (sheet.name, address)
        for sheet in (ROOT / "static" / "css").glob("*.css")
        for address in re.findall(r'url\("(?!data:)([^"]+)"\)', sheet.read_text())
        if not (sheet.parent / address).is_file()
    ]
    assert missing == []


@pytest.mark.parametrize("path", _screens(), ids=_name)
def test_template_holds_nothing_inline(path: Path) -> None:
    text = path.read_text()
    assert re.findall(r"\sstyle\s*=|<style\b|\son[a-z]+\s*=\s*[\"']|javascript:", text) == []
    assert [tag for tag in re.findall(r"<script\b[^>]*>", text) if "src=" not in tag] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_template_names_only_icons_of_the_sprite(path: Path) -> None:
    text = path.read_text()
    named = re.findall(r'{% icon "([^"]+)"', text) + re.findall(r'{% chip "[^"]+" "([^"]+)"', text)
    named += re.findall(r'{% nav_link "[^"]+" \S+ "([^"]+)"', text) + re.findall(
        r'empty.html" with [^%]*icon="([^"]+)"', text
    )
    assert [name for name in named if name not in SPRITE] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_template_names_only_kinds_of_status_that_exist(path: Path) -> None:
    kinds = {found.stem for found in (ROOT / "templates" / "components" / "status").glob("*.html")}
    assert [kind for kind in re.findall(r'{% status "([^"]+)"', path.read_text()) if kind not in kinds] == []
