"""Where the face appears: the page in a browser, the window on a screen."""
