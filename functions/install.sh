#!/bin/sh
# Install a lock's libraries into /opt/python, while an image is built: install.sh LOCK
set -eu

pip install --quiet --no-cache-dir --no-compile --root-user-action ignore \
	--require-hashes --only-binary :all: --target /opt/python -r "$1"

# botocore lists the descriptions of 400 services at each start; ours are these three.
services='s3 secretsmanager stepfunctions'
cd /opt/python/botocore/data
for folder in */; do
	case " $services " in *" ${folder%/} "*) ;; *) rm -r "$folder" ;; esac
done

# numba's cache knows a source by its time stamp, of which layers keep whole seconds.
find /opt/python -name '*.py' -exec touch -d @1 {} +
python -m compileall -q --invalidation-mode unchecked-hash /opt/python
