# The agent `witness` for the Ruby server: witness.py beside this tree is the same for ours, and both have one DDL.
module MCollective
  module Agent
    class Witness < RPC::Agent
      action 'say' do
        request.data.each { |name, value| reply[name] = value unless name == :process_results }
        reply[:caller] = request.caller
      end

      action 'note' do
        File.write(File.join(ENV['WITNESS'], config.identity), "#{request[:text]}\n", mode: 'a')
      end

      action 'refuse' do
        raise RPCAborted, 'not today'
      end

      action 'lack' do
        raise MissingRPCData, 'there should be a reason'
      end

      action 'doubt' do
        raise InvalidRPCData, 'that is not so'
      end

      action 'stumble' do
        raise 'kaboom'
      end

      action 'linger' do
        sleep request[:seconds]
      end
    end
  end
end
