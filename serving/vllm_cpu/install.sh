#!/bin/sh
# Builds the environment in which vLLM runs on a CPU (3.4 GB); does nothing where it is already there.
# usage: serving/vllm_cpu/install.sh [folder, default .venv-vllm]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-.venv-vllm}
torch=torch==2.13.0+cpu
ready=$folder/ready-$( (echo $torch; cat "$here/requirements.txt") | cksum | cut -d' ' -f1)

[ -e "$ready" ] && exit 0
[ "$(uname -sm)" = "Linux x86_64" ] || { echo "vLLM's CPU build is made for Linux on x86-64 only; nothing was installed." >&2; exit 1; }
[ "$(df -Pk . | awk 'NR==2 {print $4}')" -gt 6000000 ] || { echo "vLLM's environment needs 6 GB of free disk while it is built." >&2; exit 1; }

echo "Building $folder: vLLM 0.32.0 for the CPU, 3.4 GB, a few minutes"
"${PYTHON:-python3}" -m venv "$folder"
pip="$folder/bin/python -m pip install -qq --disable-pip-version-check"
# Not plain "torch": where pip finds no CPU build it would fetch the CUDA one, 4.6 GB that are of no use here.
$pip $torch 2> "$folder/torch.log" || {
    cat "$folder/torch.log" >&2
    echo "pip found no $torch: tell it where PyTorch's CPU builds are (PIP_FIND_LINKS or PIP_EXTRA_INDEX_URL)." >&2
    exit 1
}
$pip --no-deps --requirement "$here/requirements.txt"
# vLLM asks for many more packages than a text model on a CPU uses; what counts is that it starts.
VLLM_TARGET_DEVICE=cpu VLLM_NO_USAGE_STATS=1 "$folder/bin/python" -c "import vllm.entrypoints.openai.api_server" > "$folder/import.log" 2>&1 || {
    tail -5 "$folder/import.log" >&2
    echo "vLLM was installed but does not start; the whole message is in $folder/import.log." >&2
    exit 1
}
rm -f "$folder"/ready-*
touch "$ready"
