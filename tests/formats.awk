# formats.awk - the formats of messages in C sources, a line each
#
# A call may go over several lines, and a literal be made of several.
{ text = text $0 "\n" }
END {
	while (match(text, /(wk_die|wk_usage|wk_warn|wk_note|wk_serve_say|complain)\(/)) {
		text = substr(text, RSTART + RLENGTH)
		call = text
		sub(/\);.*/, "", call)
		rest = call
		at = index(rest, "\"")
		if (!at)
			continue
		# "%s: %s", because ... : the first literal, joined
		rest = substr(rest, at)
		format = ""
		while (match(rest, /^"([^"\\]|\\.)*"/)) {
			format = format substr(rest, 2, RLENGTH - 2)
			rest = substr(rest, RLENGTH + 1)
			sub(/^[ \t\n]+/, "", rest)
		}
		print format
	}
}
