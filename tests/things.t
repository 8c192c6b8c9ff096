#!/bin/sh
# things.t - tokens that are things: variables behind their names, ports
. "$(dirname "$0")/lib.sh"
tab=$(printf '\t')
printf '# two cards\ngpu0\tCARD=0\tBUS=a:b=c d\ngpu1\tCARD=1\nplain\n' >gpus

# --- variables ---
t 'the command gets the variables of its token' 0 '0 a:b=c d gpu0' '' \
    ptbw -m -t gpus ptbw sh -c 'echo "$CARD $BUS $ptbw_list"'
t 'the part before the tab is what -A appends' 0 'gpu0 gpu1 plain' '' \
    ptbw -m -t gpus ptbw -A -R3 echo
t 'several tokens with one variable: its values with commas' 0 '0,1 a:b=c d' '' \
    ptbw -m -t gpus ptbw -R3 sh -c 'echo "$CARD $BUS"'
t 'a token without: nothing is set' 0 'none' '' sh -c '
    printf "plain\n" >p; ptbw -m -t p ptbw sh -c "echo \${CARD-none}"'
t 'the report has the part before the tab' 0 "~*
     0${tab}0${tab}gpu0
     1${tab}0${tab}gpu1
     2${tab}0${tab}plain" '' ptbw -m -t gpus ptbw
t 'as has that of -v' 0 "~*${tab}gpu0${tab}-*" '' ptbw -m -t gpus ptbw -v
t 'wraptree, too' 0 '~*holds gpu0[!	]*' '' ptbw -m -t gpus ptbw wraptree
t 'they are borrowed with the token' 0 '0 gpu0' '' ptbw -m -t gpus \
    ptbw -m -J1 -t - ptbw sh -c 'echo "$CARD $ptbw_list"'
t 'and are there with -x' 0 0 '' ptbw -m -t gpus ptbw -x sh -c 'echo $CARD'
t 'a variable of the stack stays what it is' 0 'gpu' '' sh -c '
    printf "gpu\tptbw_list=other\n" >list
    ptbw -m -t list ptbw sh -c "echo \$ptbw_list"'
t 'for an old client the whole line is the name' 0 '' '' \
    ptbw -m -t gpus env tab="$tab" sh -c 'peer connect $ptbw_1 "s:1\nG0N." "r:0\n+gpu0${tab}CARD=0${tab}BUS=a:b=c d\n" e'
t 'nothing behind the tab that has an equals sign: a name' 0 "a${tab}b" '' \
    sh -c 'printf "a\tb\n" >bytes; ptbw -m -t bytes ptbw -A printf %s'
for bad in 1X=2 A-B=1 =1 'A=1\tB' 'X\tA=1' 'A=1\t'; do
	printf 'ok\tA=1\nno\t'"$bad"'\n' >bad
	t "a variable that is no name: $bad" 65 '' \
	    "~ptbw: bad: line 2: '*' is not the name of a variable" \
	    ptbw -m -t bad true
done

# --- xapply ---
t 'xapply: each task has the variables of its set' 0 'gpu0 0 1
gpu1 1 2' '' ptbw -m -t gpus sh -c '
    sed -n 1,3p gpus | ptbw -m -t /dev/stdin xapply -P1 -t - \
	"echo %t1 \$CARD" 1 2'
t 'xapply -R2: with commas' 0 '0,1 1' '' sh -c '
    sed -n 1,3p gpus | ptbw -m -t /dev/stdin xapply -P1 -R2 -t - \
	"echo \$CARD" 1'
t 'xapply -e goes before' 0 'mine 1' '' ptbw -m -t gpus \
    xapply -P1 -e CARD=mine -t - 'echo $CARD %1' 1
t 'a run within a task has those of the task' 0 "0 1${nl}0 1" '' ptbw -m -t gpus \
    xapply -P1 -t - "xapply -P1 -t - 'echo \$CARD' 1" 1
finish
