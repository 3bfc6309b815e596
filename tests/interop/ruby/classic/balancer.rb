# The client of 2010 in words of our own: the same calls of the same library, the same use of what comes back.
#
# classic/balancer.rb -c client.cfg, with in the environment: ROUNDS, INTERVAL (seconds), ADDRESSES (HOST=IP,…).
require 'mcollective'

include MCollective::RPC

THRESHOLD = 0.4
ROUNDS_OVER = 2
ADDRESSES = ENV['ADDRESSES'].split(',').to_h { |pair| pair.split('=') }.freeze

def say(words)
  puts words
  $stdout.flush
end

def observe(answers, streaks, seen)
  eaten = {}
  answers.each do |answer|
    host = answer[:sender]
    data = answer[:data]
    say "#{host}: #{data[:load]} load, #{data[:slices].count} slices, a #{data[:load].class}, times #{data[:times].values.map(&:class).uniq}"
    streaks[host] = data[:load] > THRESHOLD ? streaks[host] + 1 : 0
    data[:times].each_pair do |slice, time|
      eaten[[host, slice]] = time.to_f - seen.fetch([host, slice], time.to_f)
      seen[[host, slice]] = time.to_f
    end
  end
  eaten
end

def relieve(source, eaten, streaks)
  slice = eaten.select { |(host, _), _| host == source }.max_by { |_, time| time }.first.last
  target = streaks.min_by { |host, streak| [streak, host] }.first
  mover = rpcclient('xenagent')
  mover.progress = false
  mover.verbose = false
  mover.fact_filter('hostname', source)
  result = mover.migrate(:slice => slice, :newhost => ADDRESSES[target])
  say "#{slice} from #{source} to #{target}: #{result[0][:data][:result].inspect} (#{result[0][:statusmsg]})"
end

asker = rpcclient('xenagent')
asker.progress = false
streaks = Hash.new(0)
seen = {}
Integer(ENV['ROUNDS']).times do
  eaten = observe(asker.stat, streaks, seen)
  streaks.select { |_, streak| streak > ROUNDS_OVER }.each_key do |source|
    relieve(source, eaten, streaks)
    streaks[source] = 0
  end
  sleep Float(ENV['INTERVAL'])
end
