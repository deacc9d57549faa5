# Sourced by ./campaigns and ./test with $root set: `environment run|dev` makes sure that
# .venv holds what the lock files say. When it does, this costs two small processes.

find_python() {
    without_venv=''
    too_old=''
    for python in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 python; do
        [ -n "$python" ] && command -v "$python" >/dev/null 2>&1 || continue
        what=$("$python" -I -c '
import sys
version = ".".join(map(str, sys.version_info[:2]))
if sys.version_info < (3, 11):
    print("old", version)
else:
    try:
        import ensurepip, venv
        print("good", version)
    except ImportError:
        print("bare", version)
' 2>/dev/null) || continue
        case $what in
            good*) return 0 ;;
            bare*) without_venv=${without_venv:-${what#bare }} ;;
            *) too_old=${too_old:-, found only ${what#old }} ;;
        esac
    done
    if [ -n "$without_venv" ]; then
        echo "campaigns: Python $without_venv is here, but without its venv module:" \
            "apt-get install python$without_venv-venv" >&2
    else
        echo "campaigns: needs Python 3.11 or newer$too_old:" \
            "install one (apt-get install python3 python3-venv; brew install python3)" \
            "or name it: PYTHON=/path/to/python3" >&2
    fi
    return 3
}

environment() {
    wanted="$(cat "$root/pyproject.toml" "$root/requirements.lock" "$root/requirements-dev.lock" |
        cksum) $root"
    stamp=''
    if [ -x "$root/.venv/bin/python" ] && [ -r "$root/.venv/.campaigns" ]; then
        IFS= read -r stamp <"$root/.venv/.campaigns" || :
    fi
    case $stamp in
        "dev $wanted" | "$1 $wanted") return 0 ;;
    esac
    find_python || exit $?
    "$python" -I "$root/tools/environment.py" "$1" "$wanted" || exit $?
}
