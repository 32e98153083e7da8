# SPDX-License-Identifier: Apache-2.0
# Completion for codeflash and its stages, from what each of them says of its options.
# shellcheck shell=bash

_codeflash_options() {
	case $1 in
	codeflash) codeflash --help | sed -n 's/^  *\(-., \)\{0,1\}\(--[a-z-]*\).*/\2/p' ;;
	*) "$1" --complete | cut -f1 ;;
	esac 2>/dev/null
}

_codeflash() {
	local tool=${COMP_WORDS[0]##*/} word=${COMP_WORDS[COMP_CWORD]} i
	COMPREPLY=()
	if [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_codeflash_options "$tool")" -- "$word")
		[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
		return
	fi
	if [[ $tool == codeflash ]]; then
		for ((i = 1; i < COMP_CWORD; i++)); do
			[[ ${COMP_WORDS[i]} != optimize && ${COMP_WORDS[i]} != --replay-test ]] || break
		done
		if ((i == COMP_CWORD)); then
			mapfile -t COMPREPLY < <(compgen -W 'optimize tracer-path --replay-test' -- "$word")
			return
		fi
	fi
	mapfile -t COMPREPLY < <(compgen -f -- "$word")
}

complete -F _codeflash codeflash cf-trace cf-replaygen cf-rank cf-suggest cf-verify cf-bench cf-pr
