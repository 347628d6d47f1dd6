print("chromasnap")
