"""What belongs to the agent `xenagent` and is no agent itself."""
