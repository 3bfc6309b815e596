# What a Ruby client makes of answers: the classes, not the values, as JSON.
#
# shapes.rb AGENT ACTION [NAME=VALUE…] [options of mco] prints { SENDER: SHAPE }, a shape being a class's name, or what
# is in a list or a hash. Symbols as keys keep their colon.
require 'mcollective'

include MCollective::RPC

def shape(value)
  case value
  when Hash then value.keys.all?(Symbol) ? value.transform_values { |inner| shape(inner) } : { String: shape(value.values) }
  when Array then value.map { |inner| shape(inner) }.uniq.sort_by(&:to_s)
  when true, false then 'Boolean'
  else value.class.to_s
  end
end

agent, action = ARGV.shift(2)
client = rpcclient(agent)
client.progress = false
arguments = ARGV.to_h { |pair| pair.split('=', 2) }.transform_keys(&:to_sym)
answers = client.send(action, arguments)
puts answers.to_h { |answer| [answer[:sender], shape(answer.results)] }.to_json
