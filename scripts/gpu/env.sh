# Source this before the scripts: the carried packages and weights, and no network.
export PYTHONPATH="$PWD:$PWD/.gpu/site${PYTHONPATH:+:$PYTHONPATH}"
export LLMREC_CACHE="$PWD/.gpu/cache" HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false
export PYTHONUNBUFFERED=1 VLLM_NO_USAGE_STATS=1 VLLM_USE_FLASHINFER_SAMPLER=0
export OUT="${OUT:-eval/results/gpu}"
export LLMREC_GPU_REPORTS="$PWD/.gpu/reports"
