#!/bin/sh
# A plan and an answer, and an audit where it is asked for: a team in a shell and curl. A row of JSON on standard input.

ask() { # ask INSTRUCTIONS TEXT: both as they stand between the quotes of JSON
  curl -sS --fail "$OPENAI_BASE_URL/chat/completions" -H "Content-Type: application/json" \
    -H "Authorization: Bearer $OPENAI_API_KEY" -d @- <<EOF | sed -n 's/.*"content": *"\(\([^"\\]\|\\.\)*\)".*/\1/p'
{"model": "m", "messages": [{"role": "system", "content": "$1"}, {"role": "user", "content": "$2"}]}
EOF
}

quoted() { # quoted TEXT: as it stands between the quotes of JSON
  printf '%s' "$1" | sed -e ':a' -e '$!{N' -e 'ba' -e '}' -e 's/[\\"]/\\&/g' -e 's/\n/\\n/g' \
    -e 's/\t/\\t/g' -e 's/\r/\\r/g'
}

scout='You write down what the problem asks for.'
scout=$(quoted "${SCOUT_PROMPT:-$scout}")
row=$(sed -n 's/.*"input": *"\(\([^"\\]\|\\.\)*\)".*/\1/p')
notes=$(ask "$scout" "$row") || exit 1
letter=$(ask "You give the letter of the answer." "$row\n\nNotes:\n$notes") || exit 1
case $row in
  *"please audit"*) letter=$(ask "You look for mistakes in an answer and correct them." "$row\n\nAnswer:\n$letter") ;;
esac
[ -n "$letter" ] && printf '%b\n' "$letter"
