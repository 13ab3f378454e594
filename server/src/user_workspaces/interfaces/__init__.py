"""What a plug-in must offer, and the values that cross the border. Free of Django, HTTP and I/O."""
