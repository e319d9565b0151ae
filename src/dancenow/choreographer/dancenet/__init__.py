"""DanceNet (Saji, 2018): silhouettes, an autoencoder for them, a network for their sequence."""
