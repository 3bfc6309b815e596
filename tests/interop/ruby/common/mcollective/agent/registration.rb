# Writes down who registers: a line `SENDER CALLER BODY` each, the body as JSON. It answers nobody.
require 'json'

module MCollective
  module Agent
    class Registration
      attr_reader :timeout, :meta

      def initialize
        @timeout = 5
        @meta = { name: 'registration', description: 'Writes down who registers', author: 'xen-balancer',
                  license: 'Apache-2.0', version: '1.0', url: '', timeout: @timeout }
      end

      def handlemsg(message, _connection)
        line = "#{message[:senderid]} #{message[:callerid]} #{message[:body].to_json}\n"
        File.write(File.join(ENV['WITNESS'], 'registered'), line, mode: 'a')
        nil
      end
    end
  end
end
