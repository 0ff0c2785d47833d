#!/usr/bin/env bash
# 60 tasks on 2 processes fetch 2 access tokens: under Dask, Ray, Celery and uWSGI, from PyPI. The test suite has the same for
# multiprocessing's Pool.
# Usage: tests/gates/workers.sh [dask|ray|celery|uwsgi...]
source "$(dirname "$0")/common.sh"

need cc:gcc python3:python3
[ $# != 0 ] || set -- dask ray celery uwsgi
library debug
# Ray leaves nothing in the home folder.
export RAY_AUTH_MODE=disabled
export SINCH_NUMBERS_LIBRARY=$work/lib PYTHONPATH=$root/examples/python PYTHONDONTWRITEBYTECODE=1
unset http_proxy all_proxy ALL_PROXY no_proxy NO_PROXY
python=${PYTHON_WITH_WORKERS:-}
if [ -z "$python" ]; then
    step 'from PyPI'
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check "${@/dask/distributed}"
    python=$work/venv/bin/python
fi
for kind in "$@"; do
    step "$kind"
    mkdir "$work/$kind"
    "$python" tests/gates/workers.py "$kind" "$work/$kind"
done
passed "$*"
