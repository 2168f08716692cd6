"""The script that makes bash complete: click's loses what is before the last = of a word."""

from __future__ import annotations

from typing import ClassVar

from click.shell_completion import BashComplete

SCRIPT = """\
%(complete_func)s() {
    local IFS=$'\\n'
    local rest=${COMP_LINE:0:COMP_POINT} words=("${COMP_WORDS[0]}") prefix="" last=0
    local before blank response type value word i

    # Bash cuts words at = and :, the program does not. They are one where no blank is between them.
    rest=${rest#*"${COMP_WORDS[0]}"}
    for ((i = 1; i <= COMP_CWORD; i++)); do
        blank=${rest%%%%[![:space:]]*}
        rest=${rest#"$blank"}
        word=${COMP_WORDS[i]}
        ((i == COMP_CWORD)) && word=$rest
        if [[ $blank ]]; then
            words[++last]=""
        fi
        prefix=${words[last]}
        [[ $word =~ ^[=:]+$ ]] && prefix+=$word
        words[last]+=$word
        rest=${rest#"$word"}
    done

    response=$(env COMP_WORDS="${words[*]}" COMP_CWORD=$last %(complete_var)s=bash_complete "$1")

    while IFS=',' read -r type value; do
        if [[ $type == 'dir' ]]; then
            COMPREPLY=()
            compopt -o dirnames
        elif [[ $type == 'file' ]]; then
            COMPREPLY=()
            compopt -o default
        elif [[ $type == 'plain' ]]; then
            # It replaces what is after the last cut; the answer may be but the value of an option.
            before=$prefix
            while [[ $before && $value != "$before"* ]]; do
                before=${before:1}
            done
            COMPREPLY+=("${value#"$before"}")
            [[ $value == *= ]] && compopt -o nospace
        fi
    done <<< "$response"

    return 0
}

%(complete_func)s_setup() {
    complete -o nosort -F %(complete_func)s %(prog_name)s
}

%(complete_func)s_setup;
"""


class BashScript(BashComplete):
    """How bash asks the program; what it answers is as click has it."""

    source_template: ClassVar[str] = SCRIPT
