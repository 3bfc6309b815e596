# The agent of 2010 in words of our own: the same actions, inputs and types, over a file instead of `xm`.
#
# The file, which all hosts of the farm share, is JSON: HOST => { "address", "slices": NAME => { "base", "rate" } }. A
# slice has eaten base + rate * (now - the file's "begin") CPU seconds; a host's load is what its slices eat a second.
require 'json'

module MCollective
  module Agent
    class Xenagent < RPC::Agent
      action 'echo' do
        validate :msg, String
        reply.data = request[:msg]
      end

      action 'find' do
        validate :name, String
        reply.data = slices.key?(request[:name]) ? 'Present' : 'Absent'
      end

      action 'list' do
        reply[:slices] = ['Domain-0'] + slices.keys
      end

      action 'stat' do
        reply[:slices] = slices.keys
        reply[:load] = slices.values.sum { |slice| slice['rate'] }.to_f
        reply[:times] = slices.transform_values { |slice| time(slice) }
      end

      action 'migrate' do
        validate :slice, String
        validate :newhost, :ipv4address
        reply[:result] = change { |farm| move(farm, request[:slice], request[:newhost]) }
      end

      private

      def move(farm, name, address)
        target = farm['hosts'].find { |_, host| host['address'] == address }
        slice = farm['hosts'][config.identity]['slices'].delete(name) if target
        target.last['slices'][name] = slice if slice
        !slice.nil?
      end

      def slices
        change { |farm| farm['hosts'][config.identity]['slices'] }
      end

      def time(slice)
        elapsed = Time.now.to_f - change { |farm| farm['begin'] }
        format('%.1f', slice['base'] + (slice['rate'] * elapsed))
      end

      # What the block makes of the farm is kept, what it returns is returned.
      def change
        File.open(config.pluginconf['xenagent.farm'], 'r+') do |file|
          file.flock(File::LOCK_EX)
          farm = JSON.parse(file.read)
          result = yield farm
          file.rewind
          file.write(JSON.generate(farm))
          file.truncate(file.pos)
          result
        end
      end
    end
  end
end
