/** All styles of the canvas and what is around it; they come with the chunk that draws. */
import '@xyflow/react/dist/style.css';
import '../../style/canvas.css';
import '../../style/results.css';
import '../../style/looking.css';
