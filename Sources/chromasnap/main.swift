import ChromaSnapCommands

ChromaSnapCommand.start()
