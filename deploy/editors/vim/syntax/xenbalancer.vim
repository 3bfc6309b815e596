" made by deploy/editors/generate.py; make editors writes it anew
if exists('b:current_syntax')
  finish
endif

syntax match xenbalancerSign ~\v[<>=!+*/-]+~
syntax match xenbalancerWord ~\v\.@<!<%(apart|as|at|by|cost|day|during|each|except|fewest|for|from|gaining|hour|least|lost|migrations|most|move|moves|moving|named|no|of|on|once|onto|per|return|tagged|to|together|until|when|where|with|within)>\.@!~
syntax match xenbalancerKind ~\v\.@<!<%(drains|goal|preferences|repairs|rules)>\.@!~
syntax match xenbalancerThing ~\v\.@<!<%(host|hosts|source|vm|vms)>\.@!~
syntax match xenbalancerLogic ~\v\.@<!<%(and|in|not|or)>\.@!~
syntax match xenbalancerNumber ~\v<[0-9]{1,15}(\.[0-9]{1,6})?~
syntax match xenbalancerUnit ~\v([0-9] *)@<=%(\%|%(B|GiB|KiB|MiB|TiB|d|h|min|round|rounds|s)>\(@!)~
syntax match xenbalancerZone ~\v<%(UTC|[A-Z][A-Za-z_]+(\/[A-Z][A-Za-z0-9_+-]+)+)~
syntax match xenbalancerDays ~\v<%(daily|(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?)>\.@!~
syntax match xenbalancerHours ~\v[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}~
syntax match xenbalancerFunction ~\v<%(avg|max|min|p50|p90|p95|p99|sum)(\s*\()@=~
syntax match xenbalancerName ~\v\.@<!<%(after\.(age|contention|cores|cpu|cpu_group|failures|load|maintenance|memory|memory_free|memory_total|moves|vcpus|vms|xen)|farm\.(cpu|failures|hosts|memory|moves|reports|vms)|host\.(age|contention|cores|cpu|cpu_group|failures|load|maintenance|memory|memory_free|memory_total|moves|vcpus|vms|xen)|source\.(age|contention|cores|cpu|cpu_group|failures|load|maintenance|memory|memory_free|memory_total|moves|vcpus|vms|xen)|vm\.(age|cpu|cpu_time|failures|memory|moves|passthrough|share|vcpus)|facts\.[a-z_][a-z0-9_]*|age|contention|cores|cpu|cpu_group|cpu_time|failures|load|maintenance|memory_free|memory_total|passthrough|reports|share|vcpus|xen|memory)>\.@!~
syntax match xenbalancerStatement ~\v^%(avoid|balance|drain|every|freeze|keep|let|limit|never|pack|prefer|reserve|rest|rule|window)>~
syntax match xenbalancerGiven ~\v%(^%(rule|let)\s+)@<=\w+~
syntax match xenbalancerUnclosed ~\v"[^"]*$~
syntax match xenbalancerString ~\v"[^"]*"~
syntax match xenbalancerComment ~\v#.*~

highlight default link xenbalancerComment Comment
highlight default link xenbalancerString String
highlight default link xenbalancerUnclosed Error
highlight default link xenbalancerGiven Function
highlight default link xenbalancerStatement Statement
highlight default link xenbalancerName Identifier
highlight default link xenbalancerFunction Function
highlight default link xenbalancerHours Constant
highlight default link xenbalancerDays Constant
highlight default link xenbalancerZone Constant
highlight default link xenbalancerUnit Type
highlight default link xenbalancerNumber Number
highlight default link xenbalancerLogic Operator
highlight default link xenbalancerThing Type
highlight default link xenbalancerKind Constant
highlight default link xenbalancerWord Keyword
highlight default link xenbalancerSign Operator

let b:current_syntax = 'xenbalancer'
