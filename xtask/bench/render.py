"""Renders a template of a demo pack with Jinja2, as the project does, and prints how often in a second."""

import json
import pathlib
import sys
import time

import jinja2

folder = pathlib.Path(sys.argv[1])
template = folder / "templates/respuesta"
partials = json.loads((folder / "partials.json").read_text())
source = (template / "es.text.j2").read_text()
fields = json.loads((template / "template.json").read_text())["data"]
data = {name: field["example"] for name, field in fields.items()}
loader = jinja2.DictLoader({"t": source, "firma": partials["firma"]["locales"]["es"]["text"]})
environment = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
compiled = environment.get_template("t")
text = compiled.render(data)
assert data["answer"] in text and data["agent_name"] in text, text
count, begun = 0, time.perf_counter()
while time.perf_counter() - begun < 2:
    for _ in range(1000):
        compiled.render(data)
    count += 1000
print(round(count / (time.perf_counter() - begun)))
