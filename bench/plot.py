"""Bar charts as small SVG files, without a library."""
from xml.sax.saxutils import escape

WIDTH, ROW, LABEL, TOP = 720, 34, 170, 46
COLOURS = ("#1a7f64", "#8a8f98", "#b5b9c0", "#d0d3d8")


def bars(title, values, form="{:.2f}"):
    """One horizontal bar for each name; the longest fills the width."""
    longest = max(values.values()) or 1
    height = TOP + ROW * len(values) + 10
    room = WIDTH - LABEL - 110
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="system-ui, sans-serif" '
           f'font-size="14" role="img" aria-label="{escape(title)}">',
           f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
           f'<text x="12" y="26" font-size="16" fill="#1c1f23">{escape(title)}</text>']
    for i, (name, value) in enumerate(values.items()):
        y = TOP + i * ROW
        length = max(1.0, room * value / longest)
        out.append(f'<text x="{LABEL - 10}" y="{y + 18}" text-anchor="end" fill="#1c1f23">{escape(name)}</text>')
        out.append(f'<rect x="{LABEL}" y="{y + 2}" width="{length:.1f}" height="{ROW - 12}" rx="3" '
                   f'fill="{COLOURS[min(i, len(COLOURS) - 1)]}"/>')
        out.append(f'<text x="{LABEL + length + 8:.1f}" y="{y + 18}" fill="#1c1f23">{escape(form.format(value))}</text>')
    return "\n".join(out + ["</svg>", ""])
