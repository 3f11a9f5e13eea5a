"""A report's HTML: static pages, boxes and list; a small script shows what is selected.

Everything from the document is escaped here or set as text by the script, and a content security policy
lets no other script run and nothing be loaded.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template

from docspec.report_items import Item, page_items, share
from docspec.result_html import filter_html
from docspec.result_json import DocumentJson, PageJson, PassJson
from docspec.types import DecodeStats

EXCERPT = 80  # characters
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
EDGE = 3.5  # per cent of the page's width: a box nearer to its left edge has its number inside

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$name: docspec report</title>
<style>
$style</style>
</head>
<body>
<a class="skip" href="#detail">Skip to the selected region</a>
<header>
<h1>$name</h1>
$header
</header>
<noscript><p class="warn">Selecting a region needs JavaScript; all else is shown without.</p></noscript>
<form id="tools" role="search" aria-label="Which regions are shown">
<label>Category <select id="category"><option value="">all ($count)</option>$categories</select></label>
<label>Show <select id="which"><option value="all">everything</option>
<option value="corrected">corrected by the verifier</option><option value="unverified">not verified</option>
<option value="dropped">left out of the markdown</option></select></label>
<label>Order of the list <select id="order"><option value="reading">reading order</option>
<option value="agreement">low agreement first</option>
<option value="corrections">most corrections first</option></select></label>
<label>Find <input id="words" type="search" placeholder="text or draft"></label>
<label class="check"><input id="path" type="checkbox"> Reading order as a line</label>
<p id="count" class="small" role="status"></p>
</form>
<div class="work">
<ul id="list" role="listbox" aria-label="Regions">
$options</ul>
<main aria-label="Pages">
$pages</main>
<aside id="detail" tabindex="-1" aria-label="Selected region">
<div class="turn"><button id="previous" type="button">‹ Previous</button>
<button id="next" type="button">Next ›</button><button id="close" type="button">Close</button></div>
<div id="content" aria-live="polite"><p>Select a region: click on its box, or tab to the boxes or to
the list and go on with the arrow keys.</p></div>
</aside>
</div>
$tables<script type="application/json" id="data">$data</script>
<script>
$script</script>
</body>
</html>
""")


def report_html(result: DocumentJson, images: Mapping[int, bytes], notes: Sequence[str]) -> str:
    """The page for ``result``; ``images`` are WebP files by page number, ``notes`` stand at its top."""
    by_page = [list(page_items(place, page)) for place, page in enumerate(result["pages"])]
    items = [item for of_page in by_page for item in of_page]
    script = _asset("report_page.js")
    categories = Counter(item.category for item in items)
    several = len(result["pages"]) > 1
    return PAGE.substitute(
        policy=_policy(script),
        name=escape(result["name"]),
        style=_asset("report_page.css"),
        header=_header(result, items, notes),
        count=len(items),
        categories="".join(
            f'<option value="{escape(name)}">{escape(name)} ({count})</option>'
            for name, count in sorted(categories.items())
        ),
        options="".join(
            _option(item, result["pages"][item.page]["page"] if several else 0) for item in items
        ),
        pages="".join(
            _page(place, page, of_page, images.get(page["page"]))
            for place, (page, of_page) in enumerate(zip(result["pages"], by_page, strict=True))
        ),
        tables="".join(_table(item) for item in items if item.category == "table"),
        data=_data(items),
        script=script,
    )


def _asset(name: str) -> str:
    return files("docspec").joinpath(name).read_text("utf-8")


def _policy(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(f"\n{script}".encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _data(items: Sequence[Item]) -> str:
    """The items as JSON that cannot end the element around it."""
    rows = [
        {
            "key": item.key,
            "page": item.page,
            "kind": item.kind,
            "mark": item.mark,
            "title": item.title,
            "category": item.category,
            "color": item.color,
            "state": item.state,
            "textTitle": item.text_title,
            "parts": item.parts,
            "draft": item.draft,
            "facts": item.facts,
            "agreement": item.agreement,
            "corrections": item.corrections,
            "verified": item.verified,
            "leftOut": item.left_out,
        }
        for item in items
    ]
    return json.dumps(rows, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")


def _header(result: DocumentJson, items: Sequence[Item], notes: Sequence[str]) -> str:
    regions = [item for item in items if item.kind == "region"]
    stats = _stats(result)
    agreements = [item.agreement for item in regions if item.agreement is not None]
    length = f"{stats.mean_accepted_length:.1f} in {stats.steps} steps" if stats.steps else "–"
    facts = {
        "Verifier": result["verifier"],
        "Mode": result["mode"],
        "Device": result["device"] or "not recorded",
        "docspec": result["versions"].get("docspec-vlm", "?"),
        "Pages": f"{len(result['pages'])}" + _failed(result),
        "Regions": str(len(regions)),
        "Verified": str(sum(item.verified for item in regions)),
        "Corrected": str(sum(item.corrections > 0 for item in regions)),
        "Mean agreement": share(sum(agreements) / len(agreements) if agreements else None),
        "Tokens": str(stats.tokens),
        "Mean accepted length": length,
    }
    if samples := [page["sample"] for page in result["pages"] if page["sample"]]:
        lines = _plural(sum(sample["lines"] for sample in samples), "line")
        least = share(min(sample["agreement"] for sample in samples))
        facts["Text layer, sampled"] = f"{lines} of {_plural(len(samples), 'page')}, agreement from {least}"
    if "total" in result["timings"]:
        facts["Time"] = _seconds(result["timings"]["total"])
    warnings = "".join(f'<p class="warn">{escape(note)}</p>\n' for note in (*notes, *result["errors"]))
    folded = [_times(result["timings"])]
    folded.append(_folded("Versions", [f"{name} {number}" for name, number in result["versions"].items()]))
    if result["notes"]:
        folded.append(_folded(f"Notes ({len(result['notes'])})", result["notes"]))
    return f'{_facts(facts)}\n{warnings}<div class="more">{"".join(folded)}</div>'


def _facts(facts: Mapping[str, str]) -> str:
    rows = (f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items())
    return f'<dl class="facts">{"".join(rows)}</dl>'


def _folded(title: str, lines: Sequence[str]) -> str:
    rows = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<details><summary>{escape(title)}</summary><ul class="outs">{rows}</ul></details>'


def _times(timings: Mapping[str, float]) -> str:
    stages = {stage: seconds for stage, seconds in timings.items() if stage != "total"}
    longest = max((*stages.values(), 1e-9))
    rows = "".join(
        f'<tr><th scope="row">{escape(stage)}</th><td class="number">{_seconds(seconds)}</td>'
        f'<td><span class="bar" style="width:{max(0.0, 100 * seconds / longest):.1f}%"></span></td></tr>'
        for stage, seconds in stages.items()
    )
    return (
        "<details><summary>Time by stage</summary>"
        f'<table class="times"><tbody>{rows}</tbody></table>'
        '<p class="small">Stages run side by side: their sum may be more than the total.</p></details>'
    )


def _stats(result: DocumentJson) -> DecodeStats:
    counts: list[PassJson] = []
    for page in result["pages"]:
        counts += [region["verification"] for region in page["regions"]]
        if page["page_pass"]:
            counts += [page["page_pass"]["verification"], page["page_pass"]["region_pass"]]
    each = (DecodeStats(one["tokens"], one["accepted"], one["drafted"], one["steps"]) for one in counts)
    return sum(each, DecodeStats())


def _failed(result: DocumentJson) -> str:
    failed = sum(page["error"] is not None for page in result["pages"])
    return f" ({failed} failed)" if failed else ""


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"


def _option(item: Item, page: int) -> str:
    facts = [*([f"page {page}"] if page else []), item.category, *_remarks(item)]
    return (
        f'<li role="option" id="o-{item.key}" data-key="{item.key}" tabindex="-1" aria-selected="false">'
        f'<span class="badge c-{item.color}">{escape(item.mark)}</span>'
        f'<span><span class="words" dir="auto">{escape(_excerpt(item) or "(no text)")}</span>'
        f'<span class="small">{escape(" · ".join(facts))}</span></span></li>\n'
    )


def _remarks(item: Item) -> Iterator[str]:
    """What sets an item apart, in words."""
    if item.agreement is not None:
        yield f"agreement {share(item.agreement)}"
    if item.corrections:
        yield _plural(item.corrections, "correction")
    if item.left_out:
        yield f"left out: {item.left_out}"


def _page(place: int, page: PageJson, items: Sequence[Item], image: bytes | None) -> str:
    number, width, height = page["page"], page["width"], page["height"]
    facts = [f"{page['mode']} mode"] if page["mode"] else []
    facts.append(_plural(sum(item.kind == "region" for item in items), "region"))
    if sample := page["sample"]:
        lines = _plural(sample["lines"], "line")
        facts.append(f"{lines} of the text layer read again, agreement {share(sample['agreement'])}")
    facts += [f"{stage} {_seconds(seconds)}" for stage, seconds in page["timings"].items()]
    parts = [
        f'<section class="page" id="page-{place}" aria-labelledby="h-{place}">\n'
        f'<h2 id="h-{place}">Page {number}</h2>\n<p class="small">{escape(" · ".join(facts))}</p>\n'
    ]
    if page["error"]:
        parts.append(f'<p class="warn">This page failed: {escape(page["error"])}</p>\n')
    if page["page_pass"]:
        parts.append(f"<p>{_link(f'p{place}', 'The verifier’s output of the whole page')}</p>\n")
    known = width > 0 and height > 0
    if known or image is not None:
        ratio = f' style="aspect-ratio:{width:.2f}/{height:.2f}"' if known else ""
        parts.append(f'<div class="sheet"{ratio}>{_image(number, image)}\n')
        if known:
            parts.append(_boxes([item for item in items if item.box], width, height))
        parts.append("</div>\n")
    parts += [_left_out(items), "</section>\n"]
    return "".join(parts)


def _image(number: int, image: bytes | None) -> str:
    if image is None:
        return '<p class="blank">no image of this page</p>'
    data = base64.b64encode(image).decode()
    return f'<img alt="Image of page {number}" decoding="async" src="data:image/webp;base64,{data}">'


def _boxes(items: Sequence[Item], width: float, height: float) -> str:
    """Buttons over the page, small ones above large ones, and the line through them in reading order."""
    sizes = {item.key: _size(item.box or (0, 0, 0, 0)) for item in items}
    rank = {key: 2 + n for n, key in enumerate(sorted(sizes, key=lambda key: -sizes[key]))}
    buttons = "".join(_box(item, width, height, rank[item.key]) for item in items)
    centres = [
        f"{(item.box[0] + item.box[2]) / 2:.1f},{(item.box[1] + item.box[3]) / 2:.1f}"
        for item in items
        if item.box and item.kind == "region"
    ]
    line = (
        f'<svg class="order" viewBox="0 0 {width:.2f} {height:.2f}" preserveAspectRatio="none" '
        f'aria-hidden="true"><polyline points="{" ".join(centres)}"/></svg>\n'
    )
    return line + buttons


def _box(item: Item, width: float, height: float, rank: int) -> str:
    assert item.box is not None
    x0, x1 = sorted(_percent(side, width) for side in item.box[::2])
    y0, y1 = sorted(_percent(side, height) for side in item.box[1::2])
    classes = f"box c-{item.color}" + (" dropped" if item.left_out else "") + (" edge" if x0 < EDGE else "")
    label = [item.title, *_remarks(item), _excerpt(item) or "no text"]
    return (
        f'<button type="button" class="{classes}" id="b-{item.key}" data-key="{item.key}" tabindex="-1" '
        f'aria-pressed="false" aria-label="{escape(", ".join(label))}" style="left:{x0:.3f}%;top:{y0:.3f}%;'
        f'width:{x1 - x0:.3f}%;height:{y1 - y0:.3f}%;z-index:{rank}">'
        f'<span class="mark">{escape(item.mark)}</span></button>\n'
    )


def _left_out(items: Sequence[Item]) -> str:
    rows = "".join(
        f"<li>{escape(item.left_out)}: {_link(item.key, _excerpt(item) or item.category)}</li>\n"
        for item in items
        if item.left_out
    )
    count = sum(item.left_out != "" for item in items)
    if not rows:
        return ""
    title = f"Left out of the markdown ({count})"
    return f'<details><summary>{title}</summary><ul class="outs">{rows}</ul></details>\n'


def _link(key: str, words: str) -> str:
    return f'<button type="button" class="link" data-key="{key}" dir="auto">{escape(words)}</button>'


def _table(item: Item) -> str:
    shown = filter_html(item.text) if "<table" in item.text else ""
    return f'<template id="t-{item.key}">{shown}</template>\n' if shown else ""


def _percent(value: float, whole: float) -> float:
    return 100 * min(max(value / whole, 0.0), 1.0)


def _size(box: Sequence[float]) -> float:
    return abs((box[2] - box[0]) * (box[3] - box[1]))


def _excerpt(item: Item) -> str:
    text = item.text[: 4 * EXCERPT]
    words = " ".join((_TAG.sub(" ", text) if item.category == "table" else text).split())
    return words if len(words) <= EXCERPT else f"{words[:EXCERPT].rstrip()}…"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
