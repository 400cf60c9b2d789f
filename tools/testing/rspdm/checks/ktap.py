# SPDX-License-Identifier: GPL-2.0
"""Reads KTAP (Documentation/dev-tools/ktap.rst) out of a log with other things in it."""

import re

RESULT = re.compile(r"^(?P<indent> *)(?P<verdict>ok|not ok) (?P<number>\d+)(?: -)?(?: (?P<name>[^#]*))?(?:# ?(?P<directive>.*))?$")
PLAN = re.compile(r"^(?P<indent> *)1\.\.(?P<count>\d+)")
STAMP = re.compile(r"^\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?")


def read(text):
    """Yield (name, good, diagnostics) for each test that has no tests below it, and for each plan not kept.

    A test that was skipped is neither good nor bad: None.
    """
    plans = {}  # indent -> (planned, seen)
    deeper = {}  # indent -> whether results stood below it since its last result, and whether all were good
    diagnostics, path, found = [], {}, False
    for line in text.splitlines():
        line = STAMP.sub("", line.rstrip())
        if plan := PLAN.match(line):
            plans[len(plan["indent"])] = [int(plan["count"]), 0]
        elif heading := re.match(r"^( *)# Subtest: (.*)$", line):
            path[len(heading[1]) - 4] = heading[2]
            diagnostics = []
        elif result := RESULT.match(line):
            indent = len(result["indent"])
            if indent in plans:
                if int(result["number"]) != plans[indent][1] + 1:
                    continue  # printed by something else; if it was not, the plan will not be kept
                plans[indent][1] += 1
            elif indent - 4 not in path:
                continue  # something that only looks like a result
            found = True
            good = result["verdict"] == "ok"
            own = (result["name"] or result["number"]).strip()
            parents = [path[each] for each in sorted(path) if each < indent]
            name = ": ".join([*parents, own])
            below = deeper.pop(indent, None)
            below_plan = plans.pop(indent + 4, None)
            if below_plan and below_plan[0] != below_plan[1]:
                yield f"{name}: {below_plan[0]} tests planned", False, f"{below_plan[1]} tests reported\n" + "\n".join(diagnostics)
            elif below is None or (not good and below):
                skipped = good and (result["directive"] or "").upper().startswith("SKIP")
                yield name, None if skipped else good, "\n".join(diagnostics)
            for each in [each for each in deeper if each > indent]:
                del deeper[each]
            for each in range(0, indent, 4):
                deeper[each] = deeper.get(each, True) and good
            path.pop(indent, None)
            diagnostics = []
        else:
            diagnostics = [*diagnostics[-15:], line]
    for indent, (planned, seen) in plans.items():
        if planned != seen:
            yield f"{planned} tests planned", False, f"{seen} tests reported\n" + "\n".join(diagnostics)
    if not found:
        yield "KTAP", False, "no test was reported"
