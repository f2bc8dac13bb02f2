#!/bin/sh
# Refresh static/vendor/: the files of other people that the browser needs.
#
#   sh scripts/vendor.sh
#
# For maintainers only (needs npm and the project's .venv). The files are committed, so nobody else needs Node.
# Each is copied as published, except that source map references are removed: manifest static storage
# refuses a file that names another one which is not there. The icon sprite holds only the icons listed below.
# static/vendor/manifest.json states version, licence, SHA-256 and source of each; a test compares them.
set -eu

BOOTSTRAP=5.3.9
ICONS=1.13.2
FONT=5.3.0   # Atkinson Hyperlegible Next: letters and digits that are hard to confuse

root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fetch() {  # fetch PACKAGE VERSION FOLDER
    mkdir -p "$work/$3"
    (cd "$work" && tarball=$(npm pack --silent "$1@$2" | tail -n 1) && tar -xzf "$tarball" -C "$work/$3" --strip-components=1)
}
fetch bootstrap "$BOOTSTRAP" bootstrap
fetch bootstrap-icons "$ICONS" icons
fetch @fontsource-variable/atkinson-hyperlegible-next "$FONT" font

VENDOR="$root/static/vendor" WORK="$work" BOOTSTRAP="$BOOTSTRAP" ICONS="$ICONS" FONT="$FONT" \
    "$root/.venv/bin/python" - <<'PYTHON'
import hashlib, json, os, re, shutil
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

vendor, work = Path(os.environ["VENDOR"]), Path(os.environ["WORK"])
bootstrap, icons, font = (os.environ[name] for name in ("BOOTSTRAP", "ICONS", "FONT"))
htmx_home = Path(find_spec("django_htmx").origin).parent / "static" / "django_htmx"
django_htmx = metadata.version("django-htmx")

NAMES = """
activity arrow-left arrow-right arrow-repeat bag bandaid bell book box-arrow-right building calendar-check
calendar-plus calendar-x calendar2-week calendar3 capsule chat-left-text chat-square-text check-circle
check-circle-fill check2 chevron-down chevron-left chevron-right circle clipboard2 clipboard2-check
clipboard2-pulse clock clock-history cup-hot dash-circle door-open download droplet droplet-half envelope
envelope-check envelope-exclamation envelope-x exclamation-octagon exclamation-triangle eye file-earmark-text
filter flag geo-alt heart-pulse hospital hourglass-split house inbox info-circle journal-medical journal-text
key lightning list list-check lock mortarboard moon-stars pause-circle pencil people person person-check
person-circle person-plus person-x phone pin-angle plus-lg prescription2 printer qr-code question-circle
search send shield-check shield-lock slash-circle sliders sun telephone thermometer-half three-dots trash
unlock upload virus x-circle x-lg
""".split()

entries = []


def put(path, content, version, licence, source):
    target = vendor / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    entries.append({"path": path, "version": version, "licence": licence, "sha256": digest, "source": source})


def without_source_map(content):
    return re.sub(rb"\s*(/\*# sourceMappingURL=.*?\*/|//# sourceMappingURL=\S+)\s*", b"\n", content)


def sprite():
    parts = ['<svg xmlns="http://www.w3.org/2000/svg">']
    for name in NAMES:
        drawing = (work / "icons/icons" / f"{name}.svg").read_text()
        body = re.search(r"<svg[^>]*>(.*)</svg>", drawing, re.DOTALL).group(1)
        body = re.sub(r"\s*\n\s*", "", body)
        parts.append(f'<symbol id="{name}" viewBox="0 0 16 16">{body}</symbol>')
    return ("\n".join([*parts, "</svg>"]) + "\n").encode()


shutil.rmtree(vendor, ignore_errors=True)
npm = "npm {} {}, {}".format
for path, inside in [("bootstrap/bootstrap.min.css", "dist/css/bootstrap.min.css"), ("bootstrap/LICENSE", "LICENSE")]:
    content = without_source_map((work / "bootstrap" / inside).read_bytes())
    put(path, content, bootstrap, "MIT", npm("bootstrap", bootstrap, inside))
put("icons/sprite.svg", sprite(), icons, "MIT", npm("bootstrap-icons", icons, "icons/*.svg, gathered into symbols"))
put("icons/LICENSE", (work / "icons/LICENSE").read_bytes(), icons, "MIT", npm("bootstrap-icons", icons, "LICENSE"))
package = "@fontsource-variable/atkinson-hyperlegible-next"
for subset in ("latin", "latin-ext"):
    inside = f"files/atkinson-hyperlegible-next-{subset}-wght-normal.woff2"
    put(f"atkinson/{subset}.woff2", (work / "font" / inside).read_bytes(), font, "OFL-1.1", npm(package, font, inside))
put("atkinson/LICENSE", (work / "font/LICENSE").read_bytes(), font, "OFL-1.1", npm(package, font, "LICENSE"))

htmx = without_source_map((htmx_home / "htmx-2.min.js").read_bytes())
version = re.search(rb'version:"([\d.]+)"', htmx).group(1).decode()
put("htmx/htmx.min.js", htmx, version, "0BSD", f"django-htmx {django_htmx}, static/django_htmx/htmx-2.min.js")
notice = "htmx is published under the Zero-Clause BSD licence.\n\n" + """\
Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby
granted.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN
AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR
PERFORMANCE OF THIS SOFTWARE.
"""
put("htmx/LICENSE", notice.encode(), version, "0BSD", f"htmx {version}, licence text")

entries.sort(key=lambda entry: entry["path"])
(vendor / "manifest.json").write_text(json.dumps({"files": entries}, indent=2) + "\n")
print(f"{len(entries)} files written to static/vendor/")
PYTHON
