# Runs Ruby programs in children of a process that has loaded MCollective already: to load it is most of what `mco` does.
#
# preloaded.rb SOCKET serves until its standard input ends. A line of JSON there, { program, words, environment, out,
# err }, the last two being files to write, is answered with the exit code.
require 'mcollective'
require 'socket'

Thread.new do
  $stdin.read
  exit!
end
UNIXServer.open(ARGV.first) do |listener|
  $stdout.puts 'ready'
  $stdout.flush
  loop do
    Thread.new(listener.accept) do |peer|
      asked = JSON.parse(peer.gets)
      child = fork do
        $stdin.reopen(File::NULL)
        $stdout.reopen(asked['out'], 'w')
        $stderr.reopen(asked['err'], 'w')
        ENV.update(asked['environment'])
        ARGV.replace(asked['words'])
        $0 = asked['program']
        load $0
      end
      peer.puts Process.wait2(child).last.exitstatus
      peer.close
    end
  end
end
