# Requests that no DDL was asked about, sent to each host by itself, as a client without any DDL could send them.
#
# raw.rb AGENT BODY… -I HOST… [options of mco], a BODY being JSON without agent and caller, prints what came back for
# each in turn: [{ SENDER: { statuscode, statusmsg, data } }].
require 'mcollective'

include MCollective

options = Optionparser.new({ timeout: 1 }, 'filter').parse
agent, *bodies = ARGV
client = Client.new(options)

answers = bodies.map do |body|
  request = JSON.parse(body, symbolize_names: true)
                .merge(agent: agent, caller: PluginManager['security_plugin'].callerid)
  message = Message.new(request, nil, agent: agent, collective: client.collective, options: options,
                                      filter: Util.empty_filter)
  message.discovered_hosts = options[:filter]['identity']
  message.type = :direct_request
  told = {}
  client.req(message) { |reply| told[reply[:senderid]] = reply[:body].slice(:statuscode, :statusmsg, :data) }
  told
end
puts answers.to_json
