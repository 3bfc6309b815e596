# What MCollective's own classes say of filters, compound texts, facts, data and DDLs, for the tests to compare with.
# Called with a server.cfg; reads a YAML list of one-key questions, writes a YAML list of answers: an exception is {"refused": its message}.
require "psych"
require "digest"
require "json"

# Psych 4 takes as keywords what MCollective gives by position.
Psych.singleton_class.prepend(Module.new do
  def safe_load(yaml, classes = [], symbols = [], aliases = false, **options)
    super(yaml, permitted_classes: classes, permitted_symbols: symbols, aliases: aliases, **options)
  end
end)
$VERBOSE = nil
require "mcollective"

M = MCollective
M::Config.instance.loadconfig(ARGV[0])
M::Data.load_data_sources
M::Agents.class_variable_set(:@@agents, {"discovery" => {}, "rpcutil" => {}})
SECURITY = M::PluginManager["security_plugin"]

def data(source, query)
  result = M::Data[source].lookup(query)
  result.keys.to_h { |key| [key.to_s, result[key]] }
end

# What a DDL's text lets a client ask, and what it counts over all answers, without the words for people.
def asked_of(text)
  ddl = M::DDL::AgentDDL.new("unnamed", :agent, false)
  ddl.instance_eval(text)
  ddl.entities.to_h do |action, entity|
    inputs = entity[:input].to_h { |name, one| [name, one.reject { |key, _| [:prompt, :description].include?(key) }] }
    [action, {"inputs" => inputs, "outputs" => entity[:output].keys, "aggregates" => entity[:aggregate]}]
  end
end

ANSWERS = {
  "filter" => ->(filter) { SECURITY.validate_filter?(filter) },
  "parse" => ->(text) { M::Matcher.create_compound_callstack(text) },
  "fact" => ->(text) { M::Util.parse_fact_string(text) },
  "facts" => ->(_) { M::PluginManager["facts_plugin"].get_facts },
  "data" => ->(arguments) { data(*arguments) },
  "ddl" => ->(text) { asked_of(text) }
}

answers = Psych.load(STDIN.read, permitted_classes: [Symbol]).map do |question|
  kind, content = question.first
  begin
    ANSWERS[kind].call(content)
  rescue Exception => e
    {"refused" => e.message.to_s.lines.first.to_s.chomp}
  end
end
puts Psych.dump(answers)
