"""What the pure core may touch, who knows HTTP, and how large and documented the code is: read from its syntax."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2] / "cds_service"
MODULES = [path.relative_to(ROOT).as_posix() for path in sorted(ROOT.rglob("*.py"))]
PURE = ("facts/", "rules/", "authored_yaml/", "fhir/", "rendering/")
IO_MODULES = frozenset(
    [
        "flask",
        "werkzeug",
        "requests",
        "socket",
        "ssl",
        "urllib",
        "urllib3",
        "http",
        "httpx",
        "sqlite3",
        "sqlalchemy",
        "subprocess",
        "os",
        "io",
        "shutil",
        "tempfile",
        "asyncio",
        "threading",
        "multiprocessing",
        "logging",
        "random",
        "secrets",
        "time",
    ]
)
CLOCK = frozenset(
    {"now", "today", "utcnow", "localtime", "gmtime", "monotonic", "perf_counter", "time_ns"}
)
CONNECTING = frozenset({"requests", "socket", "ssl", "urllib3", "http", "httpx"})
# config checks that a file of certificates can be read; the keys of trusted clients are fetched; a start looks whether its port is free.
# What looks after the server's own connections opens none.
MAY_CONNECT = {"config.py", "trust/key_sources.py", "cli/serve.py", "hooks/connections.py"}
MAY_REACH = {
    "fhir": {"fhir"},
    "fhir_server": {"fhir_server", "fhir"},
    "states": {"states", "facts", "fhir", "rules"},
    "authored_yaml": {"authored_yaml"},
    "facts": {"facts", "fhir"},
    "rules": {"rules", "authored_yaml"},
    "rendering": {"rendering", "facts", "fhir", "rules"},
}
# What answers over HTTP beside the hooks: the application, and the demo server, which plays an EHR's.
KNOW_HTTP = {"app.py", "sandbox/fhir_server.py"}
# Loaders read the files that they are given a path to, once, when the service starts.
LOADERS = {
    "authored_yaml/source.py",
    "rules/card_set.py",
    "rules/parameter_file.py",
    "rules/shared_files.py",
    "rules/evidence_file.py",
    "fhir/definitions.py",
    "fhir/terminology.py",
    "rendering/orders.py",
}


@cache
def tree(name):
    return ast.parse((ROOT / name).read_text("utf-8"))


def modules(*prefixes):
    return [name for name in MODULES if name.startswith(prefixes)]


def core():
    return modules(*PURE, "workbench/picture/")


def imports(name):
    """(absolute top-level modules, parts of the package) that a module imports, inside functions too."""
    outside, inside = set(), set()
    package = ["cds_service", *name.split("/")[:-1]]
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            targets = [f"{stem}.{alias.name}" for alias in node.names]
        else:
            continue
        for target in targets:
            top, *rest = target.split(".")
            if top == "cds_service":
                inside.add(rest[0])
            else:
                outside.add(top)
    return outside, inside


def called(name):
    return [
        (ast.unparse(node.func), node.lineno)
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Call)
    ]


def functions(name):
    """(qualified name, node, whether its name is public all the way) of every function and method."""

    def walk(body, prefix, public):
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                open_name = public and not node.name.startswith("_")
                yield f"{prefix}{node.name}", node, open_name
                if isinstance(node, ast.ClassDef):
                    yield from walk(node.body, f"{prefix}{node.name}.", open_name)

    return walk(tree(name).body, "", True)


def of_each(names):
    """A test of many modules that names all of those that fail: a test for each would take longer to hand out than to run."""

    def decorate(test):
        def of_all():
            failed = {}
            for name in names:
                try:
                    test(name)
                except AssertionError as error:
                    failed[name] = str(error)
            assert not failed

        of_all.__name__, of_all.__doc__ = test.__name__, test.__doc__
        return of_all

    return decorate


@of_each(core())
def test_the_core_imports_nothing_that_does_input_or_output(name):
    outside, _ = imports(name)
    assert not outside & IO_MODULES
    assert "pathlib" not in outside or name in LOADERS


@of_each(modules(*PURE))
def test_only_loaders_read_files_and_nobody_writes(name):
    touched = {call.rsplit(".", 1)[-1] for call, _ in called(name)} & {
        "open",
        "read_text",
        "read_bytes",
        "write_text",
        "write_bytes",
        "mkdir",
        "print",
        "input",
        "unlink",
    }
    assert touched <= ({"read_text"} if name in LOADERS else set())


@of_each(core())
def test_the_core_takes_the_clock_as_an_argument(name):
    asked = [
        (call, line)
        for call, line in called(name)
        if "." in call and call.rsplit(".", 1)[1] in CLOCK
    ]
    assert not asked


@of_each(modules(*PURE, "fhir_server/", "states/"))
def test_a_part_reaches_only_parts_below_it(name):
    _, inside = imports(name)
    assert inside <= MAY_REACH[name.split("/")[0]]


def test_only_the_fhir_client_opens_connections():
    connecting = {name for name in MODULES if imports(name)[0] & CONNECTING}
    assert {name for name in connecting if not name.startswith("fhir_server/")} <= MAY_CONNECT


@of_each([*core(), "engine.py"])
def test_the_engine_and_what_is_below_it_know_no_fhir_client(name):
    assert "fhir_server" not in imports(name)[1]


@of_each(
    [
        name
        for name in MODULES
        if not name.startswith(("hooks/", "workbench/")) and name not in KNOW_HTTP
    ]
)
def test_only_hooks_and_pages_know_http(name):
    outside, _ = imports(name)
    assert not outside & {"flask", "werkzeug", "http"}
    statuses = [
        node.lineno
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Constant)
        and type(node.value) is int
        and node.value in (200, 204, 400, 401, 403, 404, 405, 412, 413, 415, 422, 500, 503)
    ]
    assert not [
        line for line in statuses if not name.startswith(("facts/", "fhir/", "fhir_server/"))
    ]  # there, 200 and 500 are amounts
    assert not {
        call
        for call, _ in called(name)
        if call.rsplit(".", 1)[-1] in ("jsonify", "make_response", "abort", "errorhandler")
    }


@of_each(modules("authoring/"))
def test_tools_for_authors_need_no_http(name):
    """A call is read where it comes in: over HTTP or from a file of the command line."""
    _, inside = imports(name)
    assert not inside & {"hooks", "cli", "app"}


@of_each(modules("cli/"))
def test_a_command_loads_what_takes_long_when_it_is_called(name):
    """The modules of all commands are loaded for each of them."""
    loaded = {
        (node.module or "").split(".")[0]
        for node in tree(name).body
        if isinstance(node, ast.ImportFrom) and node.level == 2
    }
    assert loaded <= {"authored_yaml", "collector", "config", "cores", "fhir", "rules"}


@of_each([name for name in MODULES if not name.startswith("store/")])
def test_only_the_store_opens_its_database(name):
    outside, _ = imports(name)
    assert not outside & {"sqlalchemy", "psycopg", "alembic"}


def test_fhirpath_and_validation_stay_off_the_request_path():
    assert {name for name in MODULES if imports(name)[0] & {"fhirpathpy"}} == {
        f"authoring/validation/{module}.py" for module in ("node", "conformance")
    }
    importing = {
        name
        for name in MODULES
        for node in ast.walk(tree(name))
        if isinstance(node, ast.ImportFrom) and "validation" in (node.module or "")
    }
    assert {name for name in importing if not name.startswith("authoring/validation/")} == {
        "cli/validate.py",
        "authoring/check/of_definitions.py",
    }


@of_each(modules("store/"))
def test_the_store_knows_nothing_of_the_rest(name):
    _, inside = imports(name)
    assert inside <= {"store"}


def test_app_makes_the_flask_app_and_answers_nothing_itself():
    assert "Flask" in {call for call, _ in called("app.py")}
    assert not {call for call, _ in called("app.py")} & {"jsonify", "make_response", "abort"}


def test_there_is_one_decide():
    assert [
        (name, where)
        for name in MODULES
        for where, node, _ in functions(name)
        if node.name == "decide"
    ] == [("rules/decision.py", "decide")]


@of_each(MODULES)
def test_modules_have_at_most_400_lines(name):
    assert len((ROOT / name).read_text("utf-8").splitlines()) <= 400


@of_each(MODULES)
def test_functions_have_at_most_40_lines(name):
    long = {}
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = node.end_lineno - node.lineno + 1
            if size > 40:
                long[f"{name}:{node.lineno} {node.name}"] = size
    assert not long


@of_each([name for name in MODULES if (ROOT / name).stat().st_size])
def test_what_is_public_has_a_docstring(name):
    assert ast.get_docstring(tree(name))
    bare = [
        f"{name}:{node.lineno} {where}"
        for where, node, public in functions(name)
        if public
        and not ast.get_docstring(node)
        and not any(
            ast.unparse(mark) in ("override", "typing.override") for mark in node.decorator_list
        )
        # What a fact computes is what the docstring of its class says.
        and not (name.startswith("facts/") and where.endswith(".compute"))
    ]
    assert not bare


# What reads the record, the session and the site for facts, which name it and never do so themselves.
READS = {
    f"facts/{name}.py"
    for name in (
        "catalogue",
        "reads",
        "lists",
        "results",
        "medications",
        "requested_tests",
        "b12_treatment",
    )
}


@of_each(
    [
        name
        for name in MODULES
        if name.startswith("facts/") and "Computation" in ast.dump(tree(name))
    ]
)
def test_a_fact_reads_nothing_but_what_its_attributes_name(name):
    """Discovery, the proof, ``diff`` and the pages go by what the attributes need."""
    if name in READS:
        return
    read = [
        f"{name}:{node.lineno} {ast.unparse(node)}"
        for node in ast.walk(tree(name))
        if (isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("facts"))
        or (
            isinstance(node, ast.Attribute)
            and node.attr in ("record", "session")
            and ast.unparse(node.value).endswith("facts")
        )
        or (
            isinstance(node, ast.Attribute)
            and node.attr in ("number", "days", "text", "stocks")
            and ast.unparse(node.value).endswith("site")
        )
    ]
    assert not read


@of_each(core())
def test_no_call_waits_for_a_lock_of_another(name):
    """``cached_property`` of Python 3.11 has one lock for all objects of a class, and a call may hold it while it waits for an EHR."""
    imported = {
        alias.name
        for node in ast.walk(tree(name))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert "cached_property" not in imported
