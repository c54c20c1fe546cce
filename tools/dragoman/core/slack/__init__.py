"""What Slack writes as text: mrkdwn, blocks, and whole messages. Shared by the archive reader and the provider."""
