# A stream of requests, one after the other: what each host was asked, and whether it answered.
#
# stream.rb COUNT AGENT ACTION [NAME=VALUE…] [options of mco] prints { "sent": COUNT * hosts, "answered": … }. In a value
# %d is the request's number.
require 'mcollective'

include MCollective::RPC

count = Integer(ARGV.shift)
agent, action = ARGV.shift(2)
client = rpcclient(agent)
client.progress = false
arguments = ARGV.to_h { |pair| pair.split('=', 2) }.transform_keys(&:to_sym)
hosts = client.discover.size
answered = (1..count).sum do |number|
  said = arguments.transform_values { |value| value.gsub('%d', number.to_s) }
  client.send(action, said).count { |answer| answer[:statuscode].zero? }
end
puts({ sent: count * hosts, answered: answered }.to_json)
