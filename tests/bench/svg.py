"""Small charts as SVG, legible on light and dark pages alike."""

import dataclasses
import html
import math

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 64, 150, 36, 44
COLOURS = ["#2f81f7", "#d1701c", "#2da44e", "#a371f7"]
STYLE = """<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 13px }
.grid { stroke: #d0d7de; stroke-width: 1 }
.page { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .grid { stroke: #3d444d }
  .page { fill: #0d1117 }
}
</style>"""


@dataclasses.dataclass
class Line:
    name: str
    points: list  # of (x, y), both above 0 where the chart is logarithmic


class _Axis:
    """Maps values to pixels, from `begin` to `end`."""

    def __init__(self, values, begin, end, log):
        self._log = log
        low, high = min(values), max(values)
        if log:
            self._low, self._high = math.floor(math.log10(low)), math.ceil(math.log10(high))
            self._high = max(self._high, self._low + 1)
            self.ticks = [10.0**n for n in range(self._low, self._high + 1)]
        else:
            step = _round_step(high)
            self._low, self._high = 0, math.ceil(high / step) * step
            self.ticks = [step * n for n in range(round(self._high / step) + 1)]
        self._begin, self._end = begin, end

    def at(self, value):
        place = math.log10(value) if self._log else value
        return self._begin + (place - self._low) / (self._high - self._low) * (self._end - self._begin)


def _round_step(high):
    """About five ticks."""
    rough = max(high, 1e-9) / 5
    unit = 10 ** math.floor(math.log10(rough))
    return next(unit * n for n in (1, 2, 5, 10) if unit * n >= rough)


def _label(value):
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _text(x, y, content, anchor="middle", cls=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{cls}>{html.escape(content)}</text>'


def _frame(title, x_name, x, y):
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{html.escape(title)}</title>",
        STYLE,
        f'<rect class="page" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
        _text(LEFT, 22, title, "start", ' class="title"'),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x_name),
    ]
    for tick in y.ticks:
        parts.append(f'<path class="grid" d="M{LEFT} {y.at(tick):.1f}H{WIDTH - RIGHT}"/>')
        parts.append(_text(LEFT - 8, y.at(tick) + 4, _label(tick), "end"))
    parts += [_text(x.at(tick), HEIGHT - BOTTOM + 18, _label(tick)) for tick in x.ticks]
    return parts


def _axes(xs, ys, log):
    return _Axis(xs, LEFT, WIDTH - RIGHT, log), _Axis(ys, HEIGHT - BOTTOM, TOP, log)


def line_chart(title, x_name, lines, log=False):
    """One line a series, its name at its end."""
    points = [point for line in lines for point in line.points]
    x, y = _axes([p[0] for p in points], [p[1] for p in points], log)
    parts = _frame(title, x_name, x, y)
    labels = []
    for colour, line in zip(COLOURS, lines, strict=False):
        path = " ".join(f"{x.at(a):.1f},{y.at(b):.1f}" for a, b in line.points)
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{path}"/>')
        parts += [f'<circle fill="{colour}" r="3" cx="{x.at(a):.1f}" cy="{y.at(b):.1f}"/>' for a, b in line.points]
        labels.append((y.at(line.points[-1][1]), line.name, colour))
    # Names that would stand on each other move down.
    lowest = -math.inf
    for height, name, colour in sorted(labels):
        lowest = max(height, lowest + 16)
        parts.append(f'<text x="{WIDTH - RIGHT + 10}" y="{lowest + 4:.1f}" style="fill:{colour}">{html.escape(name)}</text>')
    return "\n".join([*parts, "</svg>\n"])


def histogram(title, x_name, counts, width):
    """`counts` of things in buckets of `width` from 0 on."""
    x, y = _axes([0, len(counts) * width], [max(counts)], False)
    parts = _frame(title, x_name, x, y)
    for i, count in enumerate(counts):
        if count:
            left, right = x.at(i * width), x.at((i + 1) * width)
            parts.append(f'<rect fill="{COLOURS[0]}" x="{left:.1f}" y="{y.at(count):.1f}" '
                         f'width="{max(right - left - 1, 1):.1f}" height="{y.at(0) - y.at(count):.1f}"/>')  # fmt: skip
    return "\n".join([*parts, "</svg>\n"])
